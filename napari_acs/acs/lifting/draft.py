"""A traced forward while it is being rewritten."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from napari_acs.acs.lifting.sides import Sides


class Draft:
    """One graph, what was changed in it, and what in it is not understood.

    Parameters
    ----------
    graph : torch.fx.Graph
        The trace of one module's own forward, its children called as modules.
    owner : nn.Module
        The module, its children converted already.

    Attributes
    ----------
    sides : Sides
        The sides of the picture that the graph reads.
    changed : bool
        Whether anything had to be rewritten.
    doubts : dict
        Node to what is not understood about it; it may work on volumes as it is, or not.
    grouped : set of Node
        Pictures whose channels stand in groups, on an axis of their own.
    moved : bool
        Whether the channels are moved to the last axis somewhere.
    """

    def __init__(self, graph: fx.Graph, owner: nn.Module) -> None:
        self.graph, self.owner = graph, owner
        self.sides = Sides(graph)
        self.changed = self.moved = False
        self.doubts: dict[fx.Node, str] = {}
        self.grouped: set[fx.Node] = set()

    def doubt(self, node: fx.Node, what: str) -> None:
        """Note that a node is not understood."""
        self.doubts[node] = what

    def put(self, node: fx.Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Give a node other arguments."""
        if args != node.args or kwargs != dict(node.kwargs):
            node.args, node.kwargs = args, kwargs
            self.changed = True

    def put_one(self, node: fx.Node, position: int, name: str, value: Any) -> None:
        """Give a node one other argument, in its place or by its name."""
        if len(node.args) > position:
            args = (*node.args[:position], value, *node.args[position + 1 :])
            self.put(node, args, dict(node.kwargs))
        else:
            self.put(node, node.args, dict(node.kwargs) | {name: value})

    def retarget(self, node: fx.Node, function: Any) -> None:
        """Make a node call another function."""
        node.op, node.target = "call_function", function
        self.changed = True

    def tripled(self, value: Any) -> Any:
        """Make a (rows, columns) pair (z, y, x); leave everything else."""
        if isinstance(value, tuple | list) and len(value) == 2:
            return self.sides.triple(value)
        return value


def argument(node: fx.Node, position: int, name: str, default: Any = None) -> Any:
    """Return an argument of a call, by its place or its name."""
    if len(node.args) > position:
        return node.args[position]
    return node.kwargs.get(name, default)


def name_of(node: fx.Node) -> str:
    """Return the name of what a node calls, without the underscore of in-place methods."""
    if node.op == "call_method":
        name = str(node.target)
    elif node.op == "call_function":
        name = str(getattr(node.target, "__name__", node.target))
    else:
        return ""
    return name.removesuffix("_")
