"""Expressions of a picture's sides in a traced forward, and how they read for a volume.

``n, c, h, w = x.shape`` followed by ``view(n, g, c // g, h, w)`` names the picture's rows and
columns. Where both stand side by side, a volume has three sides there: rows become z and y, columns
x. ``x.shape[2:]`` and the like need no care but for the count of axes from the end.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import Any

from torch import fx

from napari_acs.acs.lifting.steps import mapped

Axis = int
"""0, 1, 2 for z, y, x."""

_ROWS, _COLUMNS = "rows", "columns"
_ON_NUMBERS = (
    *(int, max, min, round, builtins.abs, *vars(math).values()),
    *(operator.add, operator.sub, operator.mul, operator.floordiv, operator.truediv),
    *(operator.mod, operator.neg, operator.pow),
)


class Sides:
    """The sides of pictures that a graph reads.

    Parameters
    ----------
    graph : torch.fx.Graph
        The traced forward; :meth:`widened` adds nodes to it.
    """

    def __init__(self, graph: fx.Graph) -> None:
        self.graph = graph
        self._clones: dict[tuple[fx.Node, Axis], fx.Node] = {}
        self._products: set[fx.Node] = set()
        self._roles: dict[fx.Node, tuple[str, Sequence[int]]] = {}
        readings = [reading for node in graph.nodes if (reading := _reading(node)) is not None]
        for node, picture, index, in_pair in readings:
            if in_pair:
                role = (_ROWS, _COLUMNS)[index % 2]
                self._roles[node] = role, (-3, -2, -1) if index < 0 else (0, 1, 2)
            elif index in (2, -2, 3, -1):
                both = {i % 4 for _, other, i, inner in readings if other is picture and not inner}
                if {2, 3} <= both:  # else it may have three axes, the last its channels
                    role = _ROWS if index in (2, -2) else _COLUMNS
                    self._roles[node] = role, (-3, -2, -1) if index < 0 else (2, 3, 4)

    def are_read(self) -> bool:
        """Return whether the forward makes use of a side of the picture."""
        return any(node.users for node in self._roles)

    def left(self) -> list[fx.Node]:
        """Return what still uses the side of a picture, after all rewriting."""
        clones = set(self._clones.values())
        return [user for node in self._roles for user in node.users if user not in clones]

    def erase_unused(self) -> None:
        """Take readings out of the graph that nothing uses."""
        for node in reversed(list(self.graph.nodes)):
            if not node.users and (node in self._roles or self._is_scalar(node)):
                self.graph.erase_node(node)
                self._roles.pop(node, None)

    def triple(self, pair: Any) -> tuple[Any, Any, Any]:
        """Return (z, y, x) of a (rows, columns) pair of numbers or expressions."""
        rows, columns = pair
        return self._on(rows, 0), self._on(rows, 1), self._on(columns, 2)

    def margins(self, pad: Sequence[Any]) -> list[Any]:
        """Return the padding of a volume from (left, right, top, bottom, ...)."""
        left, right, top, bottom, *rest = pad
        columns = [self._on(side, 2) for side in (left, right)]
        return [*columns, *(self._on(v, a) for a in (1, 0) for v in (top, bottom)), *rest]

    def widened(self, values: Any) -> Any:
        """Make rows and columns side by side, within nested tuples and lists, three sides."""
        if isinstance(values, dict):
            return {key: self.widened(value) for key, value in values.items()}
        if not isinstance(values, tuple | list) or hasattr(values, "_fields"):
            return values
        new: list[Any] = []
        for value in values:
            if new and self._kind(value) == _COLUMNS and self._kind(new[-1]) == _ROWS:
                new[-1:] = self.triple((new[-1], value))
            else:
                new.append(self.widened(value))
        return type(values)(new)

    def product(self, node: fx.Node) -> bool:
        """Make rows times columns the product of three sides; say whether it was one."""
        if node.target is not operator.mul:
            return False
        if [self._kind(v) for v in node.args] != [_ROWS, _COLUMNS]:
            return False
        z, y, x = self.triple(node.args)
        with self.graph.inserting_before(node):
            node.args = (self.graph.call_function(operator.mul, (z, y)), x)
        self._products.add(node)
        return True

    def stand_in(self, values: Sequence[Any]) -> bool:
        """Return whether the three sides, or their product, stand among some values."""
        own = {*self._clones.values(), *self._products}
        return any(isinstance(value, fx.Node) and value in own for value in values)

    def is_expression(self, node: fx.Node) -> bool:
        """Return whether a node is a side of the picture, or computed of nothing else."""
        return node in self._roles or self._is_scalar(node)

    def _kind(self, value: Any) -> str | None:
        """Return rows or columns for an expression of one of the two, and of nothing else."""
        if not isinstance(value, fx.Node):
            return None
        if value in self._roles:
            return self._roles[value][0]
        if not self._is_scalar(value):
            return None
        kinds = {self._kind(v) for v in value.all_input_nodes}
        return kinds.pop() if len(kinds) == 1 else None

    def _is_scalar(self, node: fx.Node) -> bool:
        return (
            node.op == "call_function"
            and node.target in _ON_NUMBERS
            and bool(node.all_input_nodes)
            and all(n in self._roles or self._is_scalar(n) for n in node.all_input_nodes)
        )

    def _on(self, value: Any, axis: Axis) -> Any:
        """Return an expression as it reads on an axis of the volume."""
        if not isinstance(value, fx.Node):
            return mapped(value, lambda v: self._on(v, axis) if isinstance(v, fx.Node) else v)
        if self._kind(value) is None:
            return value
        if (value, axis) not in self._clones:
            args: Any
            if value in self._roles:
                args = (value.args[0], self._roles[value][1][axis])
            else:
                args = self._on(value.args, axis)
            with self.graph.inserting_after(value):
                clone = self.graph.create_node(value.op, value.target, args)
            self._clones[value, axis] = clone
        return self._clones[value, axis]


def is_shape(node: Any) -> bool:
    """Return whether a node is the whole shape of a tensor."""
    if not isinstance(node, fx.Node):
        return False
    if node.op == "call_method":
        return node.target == "size" and len(node.args) == 1 and not node.kwargs
    return bool(node.target is getattr and node.args[1] == "shape")


def _reading(node: fx.Node) -> tuple[fx.Node, Any, int, bool] | None:
    """Return what a node reads: (itself, of which tensor, at which index, out of the last two)."""
    if node.op == "call_method" and node.target == "size" and len(node.args) > 1:
        index = node.args[1]
        return (node, node.args[0], index, False) if isinstance(index, int) else None
    if node.target is not operator.getitem or not isinstance(node.args[1], int):
        return None
    source, index = node.args
    assert isinstance(index, int)
    if is_shape(source):
        assert isinstance(source, fx.Node)
        return node, source.args[0], index, False
    if isinstance(source, fx.Node) and is_last_two(source) and -2 <= index < 2:
        return node, source, index, True
    return None


def is_last_two(node: fx.Node) -> bool:
    """Return whether a node is ``x.shape[2:]`` or ``x.shape[-2:]``."""
    if node.target is not operator.getitem or not is_shape(node.args[0]):
        return False
    return node.args[1] in (slice(2, None), slice(-2, None), slice(-3, None), slice(2, 4))
