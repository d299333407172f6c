"""Give a module whose own forward is written for pictures one for volumes.

Only the module's own code is traced; its children are called as they are. The module stays the
object it was, with its parameters, children, hooks and attributes: its class alone changes, to a
subclass of its own whose forward runs what was traced, once for training and once for evaluation
(side exits, dropout), and once more for each optional argument that is given or not. What its
forward reads of other attributes is read while it is converted.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from torch import fx, nn

from napari_acs.acs.flatten import KnowsSplits, Splits
from napari_acs.acs.lifting.mentions import sensitive_names
from napari_acs.acs.lifting.rewrite import rewrite
from napari_acs.acs.lifting.steps import Program, program_of

_Key = tuple[bool, ...]

_MOST_VARIANTS = 8


@dataclass(frozen=True)
class Signature:
    """The arguments of a forward, after ``self``: their names, and defaults of the last ones."""

    names: tuple[str, ...]
    defaults: dict[str, Any]

    def values(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the value of every argument of a call; TypeError where they do not fit."""
        given = dict(zip(self.names, args, strict=False)) | kwargs
        values = self.defaults | given
        if len(args) + len(kwargs) != len(given) or set(values) != set(self.names):
            raise TypeError(f"forward takes {', '.join(self.names)}; got {', '.join(given)}")
        return values

    def key(self, values: dict[str, Any]) -> _Key:
        """Return which trace fits: for each default, whether it is taken (or if, for a bool)."""
        return tuple(_choice(values[name], default) for name, default in self.defaults.items())

    def variants(self) -> Iterator[tuple[_Key, dict[str, Any]]]:
        """Yield the key of each trace, and the arguments that are constants in it."""
        default = self.key(self.defaults)
        keys = sorted(
            itertools.product((True, False), repeat=len(self.defaults)),
            key=lambda key: sum(a != b for a, b in zip(key, default, strict=True)),
        )
        for key in keys[:_MOST_VARIANTS]:
            constants = {}
            for (name, default), choice in zip(self.defaults.items(), key, strict=True):
                if isinstance(default, bool):
                    constants[name] = choice
                elif choice:
                    constants[name] = default
            yield key, constants


def _choice(value: Any, default: Any) -> bool:
    if isinstance(default, bool):
        return bool(value)
    return value is default or (isinstance(value, type(default)) and value == default)


class Lifted(KnowsSplits):
    """What a lifted module's class has before that which it had; see :func:`lift`."""

    flat_class: type[nn.Module]
    signature: Signature
    programs: dict[_Key, Program]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _new, (self.flat_class,), self.__dict__.copy()


@functools.cache
def lifted_class(flat: Any) -> Any:
    """Return the class of lifted modules that were of another; equal for equal ones."""

    @functools.wraps(flat.forward)  # fx and torch.export look up the arguments' names
    def forward(self: Lifted, *args: Any, **kwargs: Any) -> Any:
        values = self.signature.values(args, kwargs)
        key = (self.training, *self.signature.key(values))
        if key not in self.programs:
            raise ValueError(
                f"{type(self).__name__}, made 3D, cannot be called with these arguments: "
                f"{', '.join(n for n in self.signature.defaults if n in values)}"
            )
        return self.programs[key].run(self, values)

    members = {"forward": forward, "flat_class": flat, "__doc__": flat.__doc__}
    return type(f"Lifted{flat.__name__}", (Lifted, flat), members)


def _new(flat: type[nn.Module]) -> Any:
    return object.__new__(lifted_class(cast(Hashable, flat)))


class _Tracer(fx.Tracer):
    """Trace one module's own forward, with some arguments as constants."""

    proxy_buffer_attributes = True  # a counter that is counted up is no constant

    def __init__(self, constants: dict[str, Any]) -> None:
        super().__init__()
        self.constants = constants

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True

    def create_args_for_root(
        self, root_fn: Any, is_module: bool, concrete_args: Any = None
    ) -> tuple[Any, list[Any]]:
        function, args = super().create_args_for_root(root_fn, is_module, concrete_args)
        for i, arg in enumerate(args[1:], start=1):
            args[i] = self.constants.get(arg.node.target, arg)
        return function, args


def lift(module: nn.Module, splits: Splits) -> list[str]:
    """Make a module's own forward take volumes, in place.

    Parameters
    ----------
    module : nn.Module
        Its children are converted already.
    splits : dict
        Splits of channel counts that are not split evenly.

    Returns
    -------
    list of str
        What in its forward is not understood, and has to be shown by a trial.

    Raises
    ------
    ValueError
        If its forward calls something that has no 3D counterpart.
    """
    signature = _signature(module)
    if signature is None:
        return ["takes any number of arguments"]
    programs: dict[_Key, Program] = {}
    doubts: list[str] = []
    changed = False
    before = set(module.__dict__)
    try:
        for (choice, constants), training in itertools.product(
            list(signature.variants()), (True, False)
        ):
            by_default = choice == signature.key(signature.defaults)
            try:
                draft = rewrite(_trace(module, training, constants), module)
            except _Untraceable as error:
                if by_default:
                    named = sensitive_names(module)
                    if named:  # a trial would not show what another turn does with them
                        raise ValueError(f"its forward {error} and names {named[0]}") from error
                    return [str(error)]
                continue
            except ValueError:
                if by_default:
                    raise
                continue
            changed |= draft.changed
            doubts += draft.doubts.values()
            programs[training, *choice] = program_of(draft.graph)
    finally:
        constants_made = {name: module.__dict__.pop(name) for name in set(module.__dict__) - before}
    if changed:
        for name, value in constants_made.items():
            module.register_buffer(name, value, persistent=False)
        module.__class__ = lifted_class(cast(Hashable, type(module)))
        lifted = cast(Lifted, module)
        lifted.signature, lifted.programs, lifted.splits = signature, programs, dict(splits)
    return list(dict.fromkeys(doubts))


class _Untraceable(Exception):
    """The forward takes turns that depend on what comes in."""


def _trace(module: nn.Module, training: bool, constants: dict[str, Any]) -> fx.Graph:
    before = module.training
    module.training = training
    try:
        return _Tracer(constants).trace(module)
    except Exception as error:
        raise _Untraceable(f"cannot be traced ({str(error).partition('. ')[0]})") from error
    finally:
        module.training = before


def _signature(module: nn.Module) -> Signature | None:
    parameters = list(inspect.signature(type(module).forward).parameters.values())[1:]
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return None
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return Signature(tuple(p.name for p in parameters), defaults)


def has_own_forward(module: nn.Module) -> bool:
    """Return whether a module's forward is not one of torch's own."""
    return not inspect.unwrap(type(module).forward).__module__.startswith("torch.nn.")
