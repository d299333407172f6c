"""What a conversion was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from napari_acs.acs.flatten import Splits
from napari_acs.acs.modes import SplitRule
from napari_acs.acs.split import split_channels

_LARGEST_GRID = 16
_SMALL = 64


@dataclass(frozen=True)
class Plan:
    """The arguments of one conversion.

    Attributes
    ----------
    mode : str
        The way to 3D, see :mod:`napari_acs.acs.modes`.
    rule : callable
        Output channels to their split.
    splits : dict
        The rule's answers for layers that ask for it while they run, where not even.
    """

    mode: str
    rule: SplitRule
    splits: Splits


def make_plan(network: nn.Module, mode: str, rule: SplitRule) -> Plan:
    """Return the plan for a network, with splits of all channel counts that it may flatten.

    They are looked up beforehand, since a rule may be a function that cannot be pickled.
    """
    if mode != "acs":  # no layer has planes
        return Plan(mode, rule, {})
    sizes: set[int] = set()
    for module in network.modules():
        for name in ("out_channels", "num_features", "num_channels", "in_features"):
            size = getattr(module, name, None)
            if isinstance(size, int):
                sizes.add(size)
    channels = {
        size // grid**2
        for size in sizes
        for grid in range(1, _LARGEST_GRID + 1)
        if size and size % grid**2 == 0
    }
    splits = {c: rule(c) for c in sorted(channels.union(range(1, _SMALL + 1)))}
    return Plan(mode, rule, {c: s for c, s in splits.items() if s != split_channels(c)})
