"""A traced forward as plain data: a list of calls that runs on the module it was traced from.

``torch.fx.GraphModule`` is a module of its own, with the submodules that its graph uses. A
:class:`Program` owns nothing: parameters and submodules stay where they were, so hooks, modes and
replaced submodules are honoured, and it can be copied and pickled like any other value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import fx, nn

from napari_acs.acs.flatten import collapse_planes, pixel_shuffle_planes

_ASK_FOR_SPLITS = (collapse_planes, pixel_shuffle_planes)


@dataclass(frozen=True)
class Ref:
    """The result of an earlier step, in the arguments of a later one."""

    name: str


@dataclass(frozen=True)
class Step:
    """One call.

    Attributes
    ----------
    op : str
        ``"get_attr"``, ``"call_module"``, ``"call_method"``, ``"call_function"``, ``"output"``.
    target : str or callable
        What is read or called, as in ``torch.fx.Node``.
    args, kwargs
        Its arguments, with :class:`Ref` where they are results.
    name : str
        The name of its result.
    done : tuple of str
        Results that no later step needs; they are let go, so that memory is.
    """

    op: str
    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: str
    done: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A forward: names of its inputs, and its steps in order."""

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]

    def run(self, module: nn.Module, values: Mapping[str, Any]) -> Any:
        """Run on a module, with its inputs by name; return what its forward returns."""
        results = {name: values[name] for name in self.inputs if name in values}
        for step in self.steps:
            args, kwargs = _filled(step.args, results), _filled(step.kwargs, results)
            if step.op == "output":
                return args[0]
            result: Any
            if step.op == "get_attr":
                result = module
                for part in step.target.split("."):
                    result = getattr(result, part)
            elif step.op == "call_module":
                result = module.get_submodule(step.target)(*args, **kwargs)
            elif step.op == "call_method":
                result = getattr(args[0], step.target)(*args[1:], **kwargs)
            elif step.target in _ASK_FOR_SPLITS:
                result = step.target(*args, **kwargs, splits=module.splits)
            else:
                result = step.target(*args, **kwargs)
            results[step.name] = result
            del args, kwargs, result
            for name in step.done:
                del results[name]
        return None


def program_of(graph: fx.Graph) -> Program:
    """Write a graph down as a program; its placeholders' names are those of the arguments."""
    inputs, steps = [], []
    last: dict[fx.Node, fx.Node] = {}
    for node in graph.nodes:
        for used in node.all_input_nodes:
            last[used] = node
    for node in graph.nodes:
        if node.op == "placeholder":
            inputs.append(node.target)
            continue
        done = [_name(used) for used, user in last.items() if user is node]
        if node not in last and node.op != "output":
            done.append(_name(node))
        steps.append(
            Step(
                node.op,
                node.target,
                _written(node.args),
                _written(dict(node.kwargs)),
                _name(node),
                tuple(done),
            )
        )
    return Program(tuple(inputs), tuple(steps))


def _name(node: fx.Node) -> str:
    return str(node.target) if node.op == "placeholder" else f"%{node.name}"


def _written(value: Any) -> Any:
    return mapped(value, lambda v: Ref(_name(v)) if isinstance(v, fx.Node) else v)


def _filled(value: Any, results: dict[str, Any]) -> Any:
    return mapped(value, lambda v: results[v.name] if isinstance(v, Ref) else v)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change every single value within nested tuples, lists, dicts and slices."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(v, change) for v in value))
    if isinstance(value, tuple):
        return tuple(mapped(v, change) for v in value)
    if isinstance(value, list):
        return [mapped(v, change) for v in value]
    if isinstance(value, dict):
        return {k: mapped(v, change) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*(mapped(v, change) for v in (value.start, value.stop, value.step)))
    return change(value)
