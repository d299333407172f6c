"""Walk through a 2D network and make its modules 3D, from the leaves up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils import parametrize

from napari_acs.acs import peers
from napari_acs.acs.flatten import ACSPixelShuffle, PlaneFlatten
from napari_acs.acs.keep import keep
from napari_acs.acs.lifting import has_own_forward, lift
from napari_acs.acs.modes import CONVOLUTIONS, TRANSPOSED
from napari_acs.acs.modules import (
    COUNTERPARTS,
    ONE_AXIS,
    REFUSED,
    SAME_BY_NAME,
    SAME_IN_3D,
    refuse_sizes,
)
from napari_acs.acs.plan import Plan
from napari_acs.acs.refusal import named, refused
from napari_acs.acs.transpose import ACSConvTranspose3d


class Walk:
    """One way through a network.

    Parameters
    ----------
    plan : Plan
        What the conversion was asked for.

    Attributes
    ----------
    doubts : dict
        Name of a module to the module and what is not understood about it.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.doubts: dict[str, tuple[nn.Module, str]] = {}
        self._done: dict[nn.Module, nn.Module] = {}

    def convert(self, module: nn.Module, name: str = "") -> nn.Module:
        """Convert a module and all below it, in place; return it, or what it is replaced by.

        A module that several places share stays shared.

        Raises
        ------
        UnsupportedModule
            If a module has no 3D counterpart.
        """
        if module not in self._done:
            self._done[module] = self._convert(module, name)
        return self._done[module]

    def _convert(self, module: nn.Module, name: str) -> nn.Module:
        if isinstance(module, LazyModuleMixin):
            raise refused(name, module, "its sizes are not known before it has run once")
        kind = kind_of(module)
        if kind in _MAKERS:
            make = _MAKERS[kind]
            return named(name, module, lambda m: keep(m, make(m, self.plan)))
        if peers.is_conv2d_same(module):
            return named(name, module, lambda m: keep(m, _conv2d_same(m, self.plan)))
        if isinstance(module, _ConvNd) and kind is not nn.Conv1d:
            raise refused(name, module, "only plain 2D convolutions can be converted")
        if kind in REFUSED:
            raise refused(name, module, REFUSED[kind])
        # Not named_children(), which leaves out a module's second name.
        for key, child in list(module._modules.items()):
            if child is not None and key != "parametrizations":
                module._modules[key] = self.convert(child, f"{name}.{key}" if name else key)
        if (kind.__module__, kind.__name__) not in SAME_BY_NAME:
            self._settle(module, kind, name)
        return module

    def _settle(self, module: nn.Module, kind: type[nn.Module], name: str) -> None:
        """Make sure that a module which stays, its children converted, works on volumes."""
        if has_own_forward(module):
            doubts = named(name, module, lambda m: lift(m, self.plan.splits))
            if doubts:
                self.doubts[name] = module, f"its forward {doubts[0]}"
        elif kind in SAME_IN_3D:
            named(name, module, refuse_sizes)
        elif kind in ONE_AXIS:
            if getattr(module, "dim", None) != 1:
                self.doubts[name] = module, "it works along one axis"
        elif kind.forward is not nn.Module.forward:
            raise refused(name, module, "it has no 3D counterpart here")


def kind_of(module: nn.Module) -> type[nn.Module]:
    """Return the class that says what a module does: the known one whose forward it has."""
    kind: type[nn.Module] = parametrize.type_before_parametrizations(module)
    for base in kind.__mro__:
        known = base in _MAKERS or base in SAME_IN_3D or base in ONE_AXIS or base in REFUSED
        if known and all(_inherits(kind, base, name) for name in ("forward", "_conv_forward")):
            return base
    return kind


def _inherits(kind: type, base: type, name: str) -> bool:
    return getattr(kind, name, None) is getattr(base, name, None)


def _conv(m: nn.Conv2d, plan: Plan) -> nn.Module:
    return CONVOLUTIONS[plan.mode](m, plan.rule)


def _conv_transpose(m: nn.ConvTranspose2d, plan: Plan) -> nn.Module:
    if plan.mode in TRANSPOSED:
        return TRANSPOSED[plan.mode](m, plan.rule)
    if plan.mode == "acs":
        return ACSConvTranspose3d.from_conv_transpose2d(m, plan.rule(m.out_channels))
    raise ValueError(f"mode={plan.mode!r} has no transposed convolution")


def _conv2d_same(m: nn.Module, plan: Plan) -> nn.Module:
    assert isinstance(m, nn.Conv2d)
    if plan.mode != "acs":
        raise ValueError(
            f"mode={plan.mode!r} has no convolution that pads by the size of its input"
        )
    return peers.from_conv2d_same(m, plan.rule(m.out_channels))


def _flatten(m: nn.Flatten, plan: Plan) -> nn.Module:
    if (m.start_dim, m.end_dim) in ((1, -1), (1, 3)):
        return PlaneFlatten(plan.splits)
    if (m.start_dim, m.end_dim) in ((2, -1), (2, 3)):
        return nn.Flatten(2)
    raise ValueError(f"flattening from axis {m.start_dim} to {m.end_dim} has no 3D counterpart")


def _pixel_shuffle(m: nn.PixelShuffle, plan: Plan) -> nn.Module:
    return ACSPixelShuffle(m.upscale_factor, plan.splits)


def _unplanned(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    return lambda m, _: make(m)


_MAKERS: dict[type[nn.Module], Callable[[Any, Plan], nn.Module]] = {
    nn.Conv2d: _conv,
    nn.ConvTranspose2d: _conv_transpose,
    nn.Flatten: _flatten,
    nn.PixelShuffle: _pixel_shuffle,
    **{kind: _unplanned(make) for kind, make in COUNTERPARTS.items()},
}
"""Type of a 2D module to a function that makes its 3D counterpart, sharing parameters."""
