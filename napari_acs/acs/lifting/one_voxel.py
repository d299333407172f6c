"""Whether a tensor of a traced forward has a single voxel, whatever the volume."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from napari_acs.acs.lifting.draft import argument, name_of


def is_one_voxel(node: fx.Node, owner: nn.Module) -> bool:
    """Return whether a node's result is pooled to one voxel; ``owner`` is the traced module."""
    if node.op == "call_module":
        module = owner.get_submodule(str(node.target))
        return _leaves_one(module) or (_passes(module) and _is_source_one(node, owner))
    name = name_of(node)
    if name in ("adaptive_avg_pool3d", "adaptive_max_pool3d"):
        return _all_one(argument(node, 1, "output_size"))
    return name in ("dropout", "relu") and _is_source_one(node, owner)


def _is_source_one(node: fx.Node, owner: nn.Module) -> bool:
    return bool(node.all_input_nodes) and is_one_voxel(node.all_input_nodes[0], owner)


def _leaves_one(module: nn.Module) -> bool:
    if type(module) is nn.Sequential:
        for child in reversed(module):
            if _leaves_one(child):
                return True
            if not _passes(child):
                return False
    pooled = isinstance(module, nn.AdaptiveAvgPool3d | nn.AdaptiveMaxPool3d)
    return pooled and _all_one(module.output_size)


def _passes(module: nn.Module) -> bool:
    return isinstance(module, nn.Dropout | nn.Dropout3d | nn.Identity | nn.ReLU)


def _all_one(size: Any) -> bool:
    return size == 1 or (isinstance(size, tuple | list) and set(size) == {1})
