"""Rewrite a traced forward for volumes, and say what in it is not understood."""

from __future__ import annotations

from collections.abc import Callable

from torch import fx, nn

from napari_acs.acs.lifting import names
from napari_acs.acs.lifting.axes import AXES
from napari_acs.acs.lifting.calls import CALLS, parameter
from napari_acs.acs.lifting.draft import Draft, argument, name_of

_Rule = Callable[[Draft, fx.Node], None]
_BY_NAME: dict[str, _Rule] = {**CALLS, **AXES}


def rewrite(graph: fx.Graph, owner: nn.Module) -> Draft:
    """Rewrite a module's own forward in place.

    Parameters
    ----------
    graph : torch.fx.Graph
        The forward's trace, with the module's children called as modules.
    owner : nn.Module
        The module, its children converted already.

    Returns
    -------
    Draft
        The graph, whether it was changed, and what in it is not understood.

    Raises
    ------
    ValueError
        If the forward calls something that has no 3D counterpart.
    """
    draft = Draft(graph, owner)
    sides_are_read = draft.sides.are_read()
    for node in list(graph.nodes):
        if node.op == "get_attr":
            parameter(draft, node)
        elif node.op in ("call_function", "call_method"):
            _call(draft, node, name_of(node))
    draft.sides.erase_unused()
    for user in draft.sides.left():
        draft.doubt(user, f"uses one side of the picture in {user.name}")
    if sides_are_read and draft.moved:
        draft.doubt(next(iter(graph.nodes)), "moves its channels and reads the picture's sides")
    return draft


def _call(draft: Draft, node: fx.Node, name: str) -> None:
    if name in ("conv2d", "conv_transpose2d"):
        raise ValueError(f"its forward calls {name} on weights of its own")
    if name in names.ATTENTION:
        raise ValueError("it is a transformer: attention is no convolution")
    rule = _BY_NAME.get(name)
    if rule is None and (name in names.NO_COUNTERPART or name.endswith("2d")):
        raise ValueError(f"its forward calls {name}, which has no 3D counterpart here")
    if name in names.TAKES_SIZES:
        widened = draft.sides.widened
        draft.put(node, widened(node.args), widened(dict(node.kwargs)))
    if rule is not None:
        rule(draft, node)
    elif name in names.ALONG:
        position, default = names.WHERE_DIM[name]
        if argument(node, position, "dim", default) not in (0, 1):
            draft.doubt(node, f"calls {name} along an axis that may be another in 3D")
    elif isinstance(node.target, type) and issubclass(node.target, tuple):
        return  # a named tuple of outputs
    elif name not in names.ANY_AXES and not draft.sides.is_expression(node):
        draft.doubt(node, f"calls {name}")
