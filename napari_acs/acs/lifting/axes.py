"""Rules for calls that name axes or sides: flatten, view, permute, mean and the like."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import fx

from napari_acs.acs.flatten import collapse_planes
from napari_acs.acs.lifting import names
from napari_acs.acs.lifting.draft import Draft, argument, name_of
from napari_acs.acs.lifting.one_voxel import is_one_voxel
from napari_acs.acs.lifting.sides import is_shape

_TO_LAST = (0, 2, 3, 1)
_PERMUTED = {
    _TO_LAST: (0, 2, 3, 4, 1),
    (0, 3, 1, 2): (0, 4, 1, 2, 3),
    (0, 1, 2, 3): (0, 1, 2, 3, 4),
}


def flatten(draft: Draft, node: fx.Node) -> None:
    """Flatten as many sides, averaged to planes where the channels go along."""
    start, end = argument(node, 1, "start_dim", 0), argument(node, 2, "end_dim", -1)
    if (start, end) in ((1, -1), (1, 3), (-3, -1)):
        if (start, end) != (1, -1):
            draft.put(node, (node.args[0], 1), {})
        _collapse(draft, node)
    elif (start, end) in ((2, 3), (-2, -1)):
        draft.put(node, (node.args[0], 2), {})
    elif (start, end) != (2, -1):
        draft.doubt(node, f"calls flatten({start}, {end})")


def view(draft: Draft, node: fx.Node) -> None:
    """Reshape to (n, all), (n, c, 1, 1), or with the sides kept."""
    first = argument(node, 1, "shape")
    packed = isinstance(first, tuple | list)
    shape = list(first) if isinstance(first, tuple | list) else list(node.args[1:])
    if is_shape(first):
        return
    if len(shape) == 2:
        _collapse(draft, node)
    elif len(shape) > 3 and shape[-2:] == [1, 1]:
        shape.append(1)
        draft.put(node, (node.args[0], shape) if packed else (node.args[0], *shape), {})
    elif draft.sides.stand_in(shape):
        if len(shape) == 6:  # (n, groups, channels of each, z, y, x)
            draft.grouped.add(node)
    elif len(shape) != 3 or shape[-1] != -1:
        draft.doubt(node, f"calls {name_of(node)} with sides that are not understood")


def expand(draft: Draft, node: fx.Node) -> None:
    """Doubt sides that are not those of a picture."""
    first = argument(node, 1, "size")
    shape = first if isinstance(first, tuple | list) else node.args[1:]
    if not is_shape(first) and not draft.sides.stand_in(shape):
        draft.doubt(node, f"calls {name_of(node)} with sides that are not understood")


def permute(draft: Draft, node: fx.Node) -> None:
    """Move the channels behind three sides, or back."""
    first = argument(node, 1, "dims")
    dims = tuple(first) if isinstance(first, tuple | list) else node.args[1:]
    if len(dims) == 4 and all(isinstance(d, int) for d in dims):
        dims = tuple(d % 4 for d in dims if isinstance(d, int))
    if dims in _PERMUTED:
        draft.put(node, (node.args[0], list(_PERMUTED[dims])), {})
        draft.moved |= dims == _TO_LAST
    elif node.args[0] in draft.grouped and dims == (0, 2, 1, 3, 4):
        draft.put(node, (node.args[0], [0, 2, 1, 3, 4, 5]), {})
    else:
        draft.doubt(node, f"calls permute{dims}")


def transpose(draft: Draft, node: fx.Node) -> None:
    """Doubt all but exchanging channel groups and the channels of each."""
    axes = {argument(node, 1, "dim0"), argument(node, 2, "dim1")}
    if node.args[0] not in draft.grouped or axes != {1, 2}:
        draft.doubt(node, "calls transpose")


def getitem(draft: Draft, node: fx.Node) -> None:
    """Cut z as the rows; count the sides of a shape from the end anew."""
    source, index = node.args
    if is_shape(source):
        if index == slice(-2, None):
            draft.put(node, (source, slice(-3, None)), {})
        elif index == slice(2, 4):
            draft.put(node, (source, slice(2, 5)), {})
        elif isinstance(index, slice) and index not in (slice(2, None), slice(None, 2)):
            draft.doubt(node, "cuts a shape")
    elif isinstance(index, tuple):
        single = [value is None or value is Ellipsis for value in index]
        if index[-2:] == (None, None):
            draft.put(node, (source, (*index, None)), {})
        elif len(index) == 4 and not any(single):
            draft.put(node, (source, (*index[:2], *draft.sides.triple(index[2:]))), {})
        elif single == [True, False, False] and index[0] is not None:
            draft.put(node, (source, (Ellipsis, *draft.sides.triple(index[1:]))), {})
        elif len(index) > 2 or any(single):
            draft.doubt(node, "cuts out a part")


def over_sides(draft: Draft, node: fx.Node) -> None:
    """Average, squeeze or unsqueeze both sides of a picture, named in one call or in two."""
    name = name_of(node)
    dims = argument(node, 1, "dim", node.kwargs.get("axis"))
    if dims is None:
        return
    listed = list(dims) if isinstance(dims, tuple | list) else [dims]
    if not all(isinstance(d, int) for d in listed):
        draft.doubt(node, f"calls {name} along axes that it computes")
        return
    if name == "unsqueeze":
        _unsqueeze(draft, node, listed[0])
        return
    where = {d % 4 for d in listed}
    if where <= {0, 1}:
        return
    before = node.args[0]
    if {2, 3} <= where:
        _put_dims(draft, node, sorted(where | {4}))
    elif isinstance(before, fx.Node) and name_of(before) == name and _other_side(before, listed[0]):
        _put_dims(draft, before, [2, 3, 4])
        node.replace_all_uses_with(before)
        draft.graph.erase_node(node)
        draft.doubts.pop(before, None)
    else:
        draft.doubt(node, f"calls {name} along one side of the picture")


def _other_side(before: fx.Node, second: int) -> bool:
    """Return whether a call and the next one, which alone uses it, are over one side each."""
    first = argument(before, 1, "dim", before.kwargs.get("axis"))
    if not isinstance(first, int) or len(before.users) != 1:
        return False
    if argument(before, 2, "keepdim", False):
        return {first % 4, second % 4} == {2, 3}
    return first % 4 in (2, 3) and second in (2, -1)


def _unsqueeze(draft: Draft, node: fx.Node, dim: int) -> None:
    if dim in (0, 1):
        return
    before = node.all_input_nodes[0]
    twice = name_of(before) == "unsqueeze"
    if twice and (argument(before, 1, "dim"), dim) in ((-1, -1), (2, 3), (2, -1)):
        with draft.graph.inserting_after(node):
            third = draft.graph.call_function(torch.unsqueeze, (node, -1))
        node.replace_all_uses_with(third)
        third.args = (node, -1)
        draft.changed = True
        draft.doubts.pop(before, None)
    else:
        draft.doubt(node, f"calls unsqueeze({dim})")


def _put_dims(draft: Draft, node: fx.Node, dims: list[int]) -> None:
    draft.put_one(node, 1, "axis" if "axis" in node.kwargs else "dim", tuple(dims))


def _collapse(draft: Draft, node: fx.Node) -> None:
    """Average over the axes that planes leave out, unless there is one voxel anyway."""
    source = node.args[0]
    if not isinstance(source, fx.Node) or is_one_voxel(source, draft.owner):
        return
    with draft.graph.inserting_before(node):
        flat = draft.graph.call_function(collapse_planes, (source,))
    node.args = (flat, *node.args[1:])
    draft.changed = True


AXES: dict[str, Callable[[Draft, fx.Node], None]] = {
    **dict.fromkeys((*names.AVERAGES, "squeeze", "unsqueeze"), over_sides),
    "flatten": flatten,
    "view": view,
    "reshape": view,
    "expand": expand,
    "broadcast_to": expand,
    "permute": permute,
    "transpose": transpose,
    "getitem": getitem,
}
"""Name of a function or method to its rule."""
