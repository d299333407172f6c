"""Functions that torch.fx records as one call, though they look at shapes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from torch import fx

_Args = ParamSpec("_Args")
_Out = TypeVar("_Out")


def recorded_whole(function: Callable[_Args, _Out]) -> Callable[_Args, _Out]:
    """Make torch.fx record a function, whose first argument is a tensor, instead of entering it.

    ``torch.fx.wrap`` would do so only where the function is called by its global name.
    """

    @functools.wraps(function)
    def called(*args: _Args.args, **kwargs: _Args.kwargs) -> _Out:
        if args and isinstance(args[0], fx.Proxy):
            proxy = args[0].tracer.create_proxy("call_function", called, args, kwargs)
            return cast(_Out, proxy)
        return function(*args, **kwargs)

    return called
