"""Rules for calls that have a name of their own in 3D, and for parameters in arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx

from napari_acs.acs.flatten import pixel_shuffle_planes
from napari_acs.acs.lifting import names
from napari_acs.acs.lifting.draft import Draft, argument, name_of
from napari_acs.acs.pools import UPSAMPLING
from napari_acs.acs.tricubic import interpolate_tricubic


def pool(draft: Draft, node: fx.Node) -> None:
    """Pool over three sides, with pairs among the settings made triples."""
    name = name_of(node)
    if name == "avg_pool2d" and argument(node, 6, "divisor_override") is not None:
        raise ValueError("its forward calls avg_pool2d with a divisor of its own")
    args = tuple(draft.tripled(value) for value in node.args)
    draft.put(node, args, {key: draft.tripled(value) for key, value in node.kwargs.items()})
    draft.retarget(node, names.POOLS[name])


def interpolate(draft: Draft, node: fx.Node) -> None:
    """Make bilinear trilinear, bicubic tricubic, and pairs of sizes or factors triples."""
    settings = dict(zip(names.INTERPOLATE, node.args[1:], strict=False)) | dict(node.kwargs)
    x = node.args[0] if node.args else settings.pop("input")
    mode = settings.get("mode", "nearest")
    if settings.get("antialias"):
        raise ValueError(
            "its forward calls interpolate with antialias, which has no 3D counterpart"
        )
    if mode != "bicubic" and mode not in UPSAMPLING:
        raise ValueError(f"its forward calls interpolate with mode={mode!r}")
    for key in ("size", "scale_factor"):
        if settings.get(key) is not None:
            settings[key] = draft.tripled(settings[key])
    if mode == "bicubic":
        unknown = ("mode", "antialias", "recompute_scale_factor")
        settings = {key: value for key, value in settings.items() if key not in unknown}
    elif mode != "nearest":
        settings["mode"] = UPSAMPLING[str(mode)]
    sizes = (settings.get("size"), settings.get("scale_factor"))
    if mode in ("bilinear", "bicubic") or any(isinstance(s, tuple | list) for s in sizes):
        draft.put(node, (x,), settings)
        draft.retarget(node, interpolate_tricubic if mode == "bicubic" else F.interpolate)


def pad(draft: Draft, node: fx.Node) -> None:
    """Pad z as the rows."""
    margins = argument(node, 1, "pad")
    if not isinstance(margins, tuple | list):
        draft.doubt(node, "pads by what it computes")
    elif len(margins) > 2:
        draft.put_one(node, 1, "pad", draft.sides.margins(margins))


def pixel_shuffle(draft: Draft, node: fx.Node) -> None:
    """Shuffle in planes."""
    draft.retarget(node, pixel_shuffle_planes)


def mul(draft: Draft, node: fx.Node) -> None:
    """Make rows times columns the product of three sides."""
    draft.changed |= draft.sides.product(node)


def attribute(draft: Draft, node: fx.Node) -> None:
    """Doubt what is read of a tensor, but for its shape and the like."""
    if node.args[1] not in names.ATTRIBUTES:
        draft.doubt(node, f"reads {node.args[1]}")


def compare(draft: Draft, node: fx.Node) -> None:
    """Count one axis more where the number of axes is looked at."""
    counted, wanted = node.args
    counts = isinstance(counted, fx.Node) and (
        name_of(counted) in ("dim", "ndimension") or counted.args[1:] == ("ndim",)
    )
    if counts and wanted in (3, 4):
        assert isinstance(wanted, int)
        draft.put(node, (counted, wanted + 1), {})


def parameter(draft: Draft, node: fx.Node) -> None:
    """Give a parameter with one value a channel a third side, where it is computed with.

    Without it (C, 1, 1) would be lined up with the sides of a volume, which goes unnoticed where a
    side has C voxels.
    """
    value: Any = draft.owner
    for part in str(node.target).split("."):
        value = getattr(value, part, None)
    if not isinstance(value, torch.Tensor) or value.numel() <= 1:
        return
    by_channel = value.dim() in (3, 4) and value.shape[-2:] == (1, 1)
    for user in list(node.users):
        if name_of(user) not in names.ARITHMETIC:
            continue
        if by_channel:
            with draft.graph.inserting_before(user):
                solid = draft.graph.call_function(torch.unsqueeze, (node, -1))
            user.replace_input_with(node, solid)
            draft.changed = True
        else:
            draft.doubt(user, f"computes with {node.target} of shape {tuple(value.shape)}")


CALLS: dict[str, Callable[[Draft, fx.Node], None]] = {
    **dict.fromkeys(names.POOLS, pool),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), compare),
    "interpolate": interpolate,
    "upsample": interpolate,
    "pad": pad,
    "pixel_shuffle": pixel_shuffle,
    "mul": mul,
    "getattr": attribute,
}
"""Name of a function or method to its rule."""
