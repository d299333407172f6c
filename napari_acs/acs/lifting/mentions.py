"""What the code of a forward names that means something else in 3D, where it cannot be traced.

A trial takes one branch; the others are only read.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from torch import nn

from napari_acs.acs.lifting import names
from napari_acs.acs.lifting.axes import AXES
from napari_acs.acs.lifting.calls import CALLS

_HARMLESS = names.ANY_AXES | names.ARITHMETIC | {"getattr", "getitem"}


def sensitive_names(module: nn.Module) -> list[str]:
    """Return the names in a module's own code that have a rule, or no counterpart, in 3D."""
    own = set(_names(module, inspect.unwrap(type(module).forward), set()))
    ruled = (set(AXES) | set(CALLS) | names.NO_COUNTERPART | names.ATTENTION) - _HARMLESS
    return sorted(n for n in own if n.removesuffix("_") in ruled or n.endswith("2d"))


def _names(module: nn.Module, function: Any, seen: set[Any]) -> Iterator[str]:
    """Yield the names in a function, and in what it calls outside torch."""
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    if function.__module__.partition(".")[0] == "torch":
        return
    for name in _in_code(function.__code__):
        yield name
        found = getattr(type(module), name, module.__dict__.get(name, None))
        if found is None:
            found = function.__globals__.get(name)
        yield from _names(module, inspect.unwrap(found) if callable(found) else None, seen)


def _in_code(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _in_code(constant)
