"""Fold norms and fuse activations, sums and concatenations into the convolutions of a network."""

from __future__ import annotations

import operator
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from napari_acs.acs.averages import AvgPool3d, avg_pool3d
from napari_acs.acs.engine.activations import NONE, Activation, activation_of
from napari_acs.acs.engine.fused import Chooser, FusedConv
from napari_acs.acs.engine.parts import kernel_of, layer_of
from napari_acs.acs.engine.upsample import upsample_trilinear

_ADD = (operator.add, operator.iadd, torch.add, "add", "add_")
_CAT = (torch.cat, torch.concat)
_MAPS = (*_ADD, *_CAT, torch.relu, nn.functional.relu)

_Modules = dict[str, nn.Module]


class _Tracer(fx.Tracer):
    """Stop at every module without children: it is replaced whole, or runs as it is."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        childless = not any(True for _ in m.children())
        return childless or super().is_leaf_module(m, module_qualified_name)


def fuse(network: nn.Module, dtype: torch.dtype, choose: Chooser) -> nn.Module:
    """Return the network with every convolution fused; its parameters are left untouched.

    Where torch.fx cannot follow the network's own ``forward``, that stays, and its children are
    fused one by one.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode; changed only by replacing children.
    dtype : torch.dtype
        What the convolutions compute in.
    choose : Chooser
        See :class:`FusedConv`.
    """
    if _is_conv(network):
        return _fused(network, None, NONE, dtype, choose)
    if type(network) is nn.AvgPool3d:
        return _any_precision(network)
    if not any(kernel_of(m) is not None or type(m) is nn.AvgPool3d for m in network.modules()):
        return network
    graph = _traced(network)
    if graph is None:
        for name, child in list(network.named_children()):
            setattr(network, name, fuse(child, dtype, choose))
        return network
    modules = dict(network.named_modules(remove_duplicate=False))
    new: dict[str, nn.Module] = {}
    for node in list(graph.nodes):
        if node.op == "call_module" and _is_conv(modules[node.target]):
            name = f"fused_{len(new)}"
            norm, activation = _fuse_at(graph, node, modules, name)
            new[name] = _fused(modules[node.target], norm, activation, dtype, choose)
        elif node.op == "call_module" and type(modules[node.target]) is nn.AvgPool3d:
            new[node.name] = _any_precision(cast(nn.AvgPool3d, modules[node.target]))
            node.target = node.name
        elif node.target is nn.functional.avg_pool3d:
            node.target = avg_pool3d
        elif _doubles_by_size(node):
            node.args, node.kwargs = (node.args[0], node.kwargs["size"]), {}
            node.target = upsample_trilinear
    for name, module in new.items():
        network.add_module(name, module)
    graph.lint()
    return fx.GraphModule(network, graph, type(network).__name__)


def _traced(network: nn.Module) -> fx.Graph | None:
    """Return the graph of a network's forward; None where it cannot be had, or is not all."""
    if _hooked(network):
        return None
    try:
        return _Tracer().trace(network)
    except Exception:
        return None


def _hooked(module: nn.Module | None) -> bool:
    """Whether users' hooks run around a module's forward: they would be lost with the module."""
    return bool(module and (module._forward_hooks or module._forward_pre_hooks))


def _is_conv(module: nn.Module) -> bool:
    return not _hooked(module) and kernel_of(module) is not None


def _fused(
    module: nn.Module,
    norm: nn.BatchNorm3d | None,
    activation: Activation,
    dtype: torch.dtype,
    choose: Chooser,
) -> FusedConv:
    weight, bias = kernel_of(module), cast("Tensor | None", module.bias)
    assert weight is not None
    if norm is not None:
        mean, var = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
        weight, bias = fuse_conv_bn_weights(
            weight, bias, mean, var, norm.eps, norm.weight, norm.bias
        )
    layer = layer_of(module, weight.detach(), None if bias is None else bias.detach())
    return FusedConv(layer, activation, dtype, choose)


def _fuse_at(
    graph: fx.Graph, conv: fx.Node, modules: _Modules, name: str
) -> tuple[nn.BatchNorm3d | None, Activation]:
    """Put one node, called ``name``, for a convolution and all that it can compute with it."""
    chain, norm, activation = [conv], None, NONE
    user = _only_user(conv)
    if user and user.op == "call_module" and _folds(modules.get(str(user.target))):
        norm = cast(nn.BatchNorm3d, modules[str(user.target)])
        chain.append(user)
        user = _only_user(user)
    inputs, joined = _inputs(conv, modules)
    residual = _summand(user, chain[-1]) if user else None
    # The convolution runs where the sum was: what it reads must still be the same there.
    if user and residual and not any(_overwritten(n, modules) for n in (*inputs, residual)):
        chain.append(user)
        user = _only_user(user)
    else:
        residual = None
    hooked = user is not None and _hooked(modules.get(str(user.target)))
    if user and not hooked and (found := activation_of(user, modules)):
        activation = found
        chain.append(user)
    with graph.inserting_after(chain[-1]):
        node = graph.call_module(name, inputs, {"residual": residual} if residual else {})
    chain[-1].replace_all_uses_with(node)
    for old in reversed(chain):
        graph.erase_node(old)
    if joined is not None:
        graph.erase_node(joined)
    return norm, activation


def _any_precision(pool: nn.AvgPool3d) -> AvgPool3d:
    """Return the pool as one that torch's missing half precision on CPUs does not stop."""
    return AvgPool3d(
        pool.kernel_size,
        pool.stride,
        pool.padding,
        pool.ceil_mode,
        pool.count_include_pad,
        pool.divisor_override,
    )


def _doubles_by_size(node: fx.Node) -> bool:
    """Whether a node is a trilinear ``F.interpolate`` to a given size."""
    if node.target is not nn.functional.interpolate or len(node.args) != 1:
        return False
    chosen = {key: value for key, value in node.kwargs.items() if value not in (None, False)}
    size = chosen.pop("size", None)
    return isinstance(size, fx.Node | tuple) and chosen == {"mode": "trilinear"}


def _inputs(conv: fx.Node, modules: _Modules) -> tuple[tuple[fx.Node, ...], fx.Node | None]:
    """Return what a convolution reads: tensors to be joined along channels, and their ``cat``."""
    source = cast(fx.Node, conv.args[0])
    if source.target in _CAT and _only_user(source):
        tensors: Any = source.args[0]
        axis = source.args[1] if len(source.args) > 1 else source.kwargs.get("dim", 0)
        if axis == 1 and not any(_overwritten(tensor, modules) for tensor in tensors):
            return tuple(tensors), source
    return (source,), None


def _summand(user: fx.Node, last: fx.Node) -> fx.Node | None:
    """Return the other tensor where ``user`` adds one to ``last``."""
    if user.target not in _ADD or len(user.args) != 2 or user.kwargs:
        return None
    others = [a for a in user.args if a is not last]
    if len(others) != 1 or not isinstance(others[0], fx.Node):
        return None
    # A size or a number would be a getattr or a getitem.
    known = others[0].op in ("placeholder", "call_module") or others[0].target in _MAPS
    return others[0] if known else None


def _overwritten(node: fx.Node, modules: _Modules) -> bool:
    """Return whether any user of a tensor may change it in place."""
    return any(user.args[:1] == (node,) and _in_place(user, modules) for user in node.users)


def _in_place(node: fx.Node, modules: _Modules) -> bool:
    if node.op == "call_module":
        return bool(getattr(modules.get(str(node.target)), "inplace", False))
    if node.op == "call_method":
        return str(node.target).endswith("_")
    name = getattr(node.target, "__name__", "")
    written = node.target in (operator.iadd, operator.imul, operator.isub, operator.itruediv)
    return bool(written or name.endswith("_") or node.kwargs.get("inplace"))


def _only_user(node: fx.Node) -> fx.Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None


def _folds(module: nn.Module | None) -> bool:
    if type(module) is not nn.BatchNorm3d or _hooked(module):
        return False
    return module.running_mean is not None
