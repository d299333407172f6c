"""Lift 2D function calls in a network's ``forward`` to 3D, through torch.fx.

Module replacement does not reach ``F.adaptive_avg_pool2d(x, 1)`` in torchvision's MobileNet or
``x.mean([2, 3])`` in its MNASNet. Networks without such calls are returned as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from napari_acs.acs.conv import ACSConv3d

_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    F.adaptive_avg_pool2d: F.adaptive_avg_pool3d,
    F.adaptive_max_pool2d: F.adaptive_max_pool3d,
    F.avg_pool2d: F.avg_pool3d,
    F.max_pool2d: F.max_pool3d,
    F.dropout2d: F.dropout3d,
}


_SHAPE_MATTERS = ("view", "reshape", "size", "permute", "transpose", "unfold", getattr)
"""Calls whose meaning may depend on the number of axes."""


class _Tracer(fx.Tracer):
    """Stop at ACS layers and at everything of torch itself."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, ACSConv3d) or super().is_leaf_module(m, module_qualified_name)


def lift_functional_calls(network: nn.Module) -> nn.Module:
    """Return the network with its 2D function calls made 3D; itself if it has none.

    Raises
    ------
    ValueError
        If torch.fx cannot trace the network, or it looks at shapes, and a small volume shows
        that its forward is made for pictures only (the channel shuffle of ShuffleNet, say).
    """
    if not any(True for _ in network.children()):
        return network
    try:
        graph = _Tracer().trace(network)
    except Exception:
        _try_volume(network)
        return network
    if any(node.target in _SHAPE_MATTERS for node in graph.nodes):
        _try_volume(network)
    lifted = [_lift(node) for node in graph.nodes]
    if not any(lifted):
        return network
    return fx.GraphModule(network, graph, type(network).__name__).train(network.training)


def _try_volume(network: nn.Module) -> None:
    """Raise ValueError where the network, which cannot be traced, fails on a small volume."""
    convs = [m for m in network.modules() if isinstance(m, ACSConv3d)]
    if not convs:
        return
    trial = copy.deepcopy(network).eval()
    volume = torch.zeros(1, convs[0].in_channels, 48, 48, 48).to(convs[0].weight)
    try:
        with torch.no_grad():
            trial(volume)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ValueError(f"its forward does not take volumes ({error})") from error


def _lift(node: fx.Node) -> bool:
    if node.op == "call_function" and node.target in _FUNCTIONS:
        assert callable(node.target)
        node.target = _FUNCTIONS[node.target]
        node.args = tuple(_widen(a) for a in node.args)
        node.kwargs = {k: _widen(v) for k, v in node.kwargs.items()}
        return True
    mean = node.target in ("mean", torch.mean)
    if mean and len(node.args) > 1 and list(_as_list(node.args[1])) in ([2, 3], [-2, -1]):
        node.args = (node.args[0], [2, 3, 4], *node.args[2:])
        return True
    return False


def _widen(value: Any) -> Any:
    """Make an equal-sided pair a triple."""
    if isinstance(value, tuple | list) and len(value) == 2 and value[0] == value[1]:
        return (value[0],) * 3
    return value


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]
