"""Activations that a convolution can apply to its own output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn


@dataclass(frozen=True)
class Activation:
    """An activation, in the words of oneDNN's fused operator and as a function.

    Attributes
    ----------
    name : str
        oneDNN's name; ``"none"`` for no activation.
    numbers : tuple of float
        Its constants.
    algorithm : str
        Its variant (of GELU).
    """

    name: str = "none"
    numbers: tuple[float, ...] = ()
    algorithm: str = ""

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it in place where torch can."""
        return _FUNCTIONS[self.name](x, self)


_FUNCTIONS: dict[str, Callable[[Tensor, Activation], Tensor]] = {
    "none": lambda x, _: x,
    "relu": lambda x, _: x.relu_(),
    "sigmoid": lambda x, _: x.sigmoid_(),
    "tanh": lambda x, _: x.tanh_(),
    "hardswish": lambda x, _: F.hardswish(x, inplace=True),
    "hardsigmoid": lambda x, _: F.hardsigmoid(x, inplace=True),
    "swish": lambda x, _: F.silu(x, inplace=True),
    "leaky_relu": lambda x, a: F.leaky_relu(x, a.numbers[0], inplace=True),
    "hardtanh": lambda x, a: F.hardtanh(x, a.numbers[0], a.numbers[1], inplace=True),
    "gelu": lambda x, a: F.gelu(x, approximate=a.algorithm),
}

NONE = Activation()

_PLAIN_MODULES: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    nn.Hardswish: "hardswish",
    nn.Hardsigmoid: "hardsigmoid",
    nn.SiLU: "swish",
}

_PLAIN_CALLS: dict[Callable[..., Any] | str, str] = {
    F.relu: "relu",
    torch.relu: "relu",
    "relu": "relu",
    "relu_": "relu",
    torch.sigmoid: "sigmoid",
    "sigmoid": "sigmoid",
    torch.tanh: "tanh",
    F.silu: "swish",
    F.hardswish: "hardswish",
    F.hardsigmoid: "hardsigmoid",
}


def activation_of(node: fx.Node, modules: dict[str, nn.Module]) -> Activation | None:
    """Return the activation that a graph's node computes, or None if it computes anything else."""
    if node.op == "call_module":
        return _of_module(modules.get(str(node.target)))
    if node.op in ("call_function", "call_method") and node.target in _PLAIN_CALLS:
        plain = len(node.args) == 1 and not set(node.kwargs) - {"inplace"}
        return Activation(_PLAIN_CALLS[node.target]) if plain else None
    if node.target is F.relu6 and len(node.args) == 1:
        return Activation("hardtanh", (0.0, 6.0))
    return None


def _of_module(module: nn.Module | None) -> Activation | None:
    if module is not None and type(module) in _PLAIN_MODULES:
        return Activation(_PLAIN_MODULES[type(module)])
    if type(module) in (nn.ReLU6, nn.Hardtanh):
        assert isinstance(module, nn.Hardtanh)
        return Activation("hardtanh", (float(module.min_val), float(module.max_val)))
    if type(module) is nn.LeakyReLU:
        return Activation("leaky_relu", (module.negative_slope,))
    if type(module) is nn.GELU:
        return Activation("gelu", (), module.approximate)
    return None
