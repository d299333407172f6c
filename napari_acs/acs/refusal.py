"""How a network that has no 3D counterpart is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from torch import nn

_New = TypeVar("_New")


class UnsupportedModule(TypeError):
    """A module that has no exact 3D counterpart here; the message names it and says why."""


def refused(name: str, module: nn.Module, why: str) -> UnsupportedModule:
    """Return the error for a module: its name in the network, its class, and why."""
    where = f"module {name!r}" if name else "the module itself"
    kind = getattr(type(module), "flat_class", type(module))  # it may be lifted already
    return UnsupportedModule(f"cannot convert {where} ({kind.__name__}): {why}")


def named(name: str, module: nn.Module, make: Callable[[nn.Module], _New]) -> _New:
    """Return what a function makes of a module; its ValueError becomes a refusal by name."""
    try:
        return make(module)
    except ValueError as error:
        raise refused(name, module, str(error)) from error


def refuse_transformer(network: nn.Module) -> None:
    """Raise UnsupportedModule where a network holds attention layers."""
    for name, module in network.named_modules():
        if isinstance(module, _ATTENTION) or _looks_like_attention(module):
            raise refused(
                name,
                module,
                f"{type(network).__name__} is a transformer, not a CNN: attention is no "
                "convolution, so ACS has no counterpart of it",
            )


_ATTENTION = (
    nn.MultiheadAttention,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
_PROJECTIONS = frozenset({"qkv", "to_qkv", "q_proj", "query"})


def _looks_like_attention(module: nn.Module) -> bool:
    return "Attention" in type(module).__name__ and not _PROJECTIONS.isdisjoint(module._modules)
