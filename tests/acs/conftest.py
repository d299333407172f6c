"""Say at the end of a run which architectures were converted and which options compared.

``pytest tests/acs --acs-table docs/acs-coverage.md`` writes the same as a page. What a
test found it says with ``record_property``; values may have more columns, behind tabs.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import torch
from torch.nn.functional import avg_pool2d, avg_pool3d
from torch.overrides import TorchFunctionMode

from napari_acs.acs import convert

TOPICS = {
    "acs architecture": (
        "torchvision architectures converted",
        ("architecture", "million parameters", "modules whose own forward is rewritten"),
    ),
    "acs best effort": (
        "networks of other libraries converted",
        ("network", "million parameters", "modules whose own forward is rewritten"),
    ),
    "acs refused": ("refused by name", ("network or module", "what the message says")),
    "acs layer": ("layers converted", ("layer",)),
    "acs call": ("calls in a forward rewritten", ("call",)),
    "acs layer option": ("options of Conv2d compared with the dense convolution", ("option",)),
}

INTRODUCTION = """\
# What `napari_acs.convert` takes

Written by `pytest tests/acs --acs-table docs/acs-coverage.md`, from what those tests found.

Every network below was converted with its 2D state dict unchanged. With all channels in the axial
plane it answers a volume that is constant along z as the 2D network answers the slice, for cubic
volumes and others (torchvision's) or one that is not cubic (the rest): a wrong axis anywhere would
show. It was run forward in evaluation mode, and forward and backward in training mode:
torchvision's on a volume of odd and on one of even sides, the rest on one. Networks of other
libraries are a best effort.

Weights are random. torchvision's networks have five classes, and vgg11, vgg11_bn and alexnet a
narrower head than they come with (the other VGGs have theirs). In training mode inception_v3 runs
without its side exit, which needs 299 voxels a side; the exit is tested alone.

A module whose own forward calls 2D functions or looks at shapes gets that forward rewritten
(`torch.fx`, one module at a time); it stays an instance of its class. What is not understood is
tried on volumes that are constant across one plane, and refused by name where it is not the 2D
network there. `torch.jit.script` is deprecated and not supported; `torch.export` and
`torch.jit.trace` are.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--acs-table", metavar="FILE", help="write what was converted as a page")


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    # Properties travel with the reports, so the workers of pytest-xdist send them here.
    for report in terminalreporter.stats.get("passed", ()):
        for key, value in getattr(report, "user_properties", ()):
            if key in TOPICS:
                found[key].add(str(value))
    for key, (title, _) in TOPICS.items():
        if found[key]:
            terminalreporter.section(f"{title}: {len(found[key])}", sep="-")
            terminalreporter.write_line(", ".join(sorted(v.split("\t")[0] for v in found[key])))
    file = config.getoption("--acs-table", default=None)
    if file:
        Path(file).write_text(page(found), encoding="utf-8")


def page(found: dict[str, set[str]]) -> str:
    parts = [INTRODUCTION]
    for key, (title, columns) in TOPICS.items():
        rows = [value.replace("|", "\\|").split("\t") for value in sorted(found[key])]
        if not rows:
            continue
        parts.append(f"\n## {title[0].upper()}{title[1:]} ({len(rows)})\n\n")
        if len(columns) == 1:
            parts.append(", ".join(row[0] for row in rows) + "\n")
            continue
        for row in (columns, ["---"] * len(columns), *rows):
            parts.append(f"| {' | '.join(row)} |\n")
    return "".join(parts)


class NoMarginInAverages(TorchFunctionMode):
    """Averages that leave out the zeros of the margin, which volumes have along z, too."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in (avg_pool2d, avg_pool3d):
            if len(args) > 5:
                args = (*args[:5], False, *args[6:])
            else:
                kwargs["count_include_pad"] = False
        return func(*args, **kwargs)


@pytest.fixture
def assert_2d_on_slices():
    """Give an assertion that a 2D network, converted to axial planes, is itself on slices.

    The volume is constant along z; outputs with a z axis are compared in its middle. The volume's
    sides are (z, y, x).
    """

    def holds(flat, *sides, channels=3, rtol=1e-4):
        axial = convert(flat, split=lambda c: (c, 0, 0))
        assert axial.training == flat.training
        for z, y, x in sides:
            picture = torch.randn(2, channels, y, x)
            with torch.no_grad(), NoMarginInAverages():
                expected = flat(picture)
                found = axial(picture.unsqueeze(2).repeat_interleave(z, dim=2))
            several = isinstance(expected, tuple | list)
            pairs = zip(found, expected, strict=True) if several else [(found, expected)]
            for volume, other in pairs:
                has_z = volume.dim() > other.dim()
                one = volume.select(2, volume.shape[2] // 2) if has_z else volume
                assert one.shape == other.shape
                if other.numel() == 0:  # some encoders hand on features of no channels
                    continue
                assert other.abs().max() > 0
                assert (one - other).abs().max() <= rtol * other.abs().max()

    return holds
