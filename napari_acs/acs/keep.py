"""Carry over from a 2D layer to its 3D counterpart what users hang on layers."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.utils import parametrize

_HOOKS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_is_full_backward_hook",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)

_PLACES = ("_parameters", "_buffers", "_modules")

_SETTINGS_OF_2D = frozenset({"transposed", "output_padding", "_reversed_padding_repeated_twice"})
"""Attributes that torch gives 2D layers, and that would be false or idle on their counterparts."""


def keep(old: nn.Module, new: nn.Module) -> nn.Module:
    """Give a new layer the mode, hooks, parametrizations and extra attributes of the old one.

    Parameters
    ----------
    old : nn.Module
        The 2D layer.
    new : nn.Module
        Its counterpart, made from it and sharing its parameters.

    Returns
    -------
    nn.Module
        ``new``.

    Raises
    ------
    ValueError
        If a parameter is computed (by ``weight_norm``, say) and the counterpart has none of that
        name and shape.
    """
    if new is old:
        return old
    new.train(old.training)
    computed = [name for name in ("weight", "bias") if _is_computed(old, name)]
    for name in computed:
        if getattr(new, name, None) is None or getattr(new, name).shape != getattr(old, name).shape:
            raise ValueError(f"its {name} is computed, which its 3D counterpart cannot keep")
    for name in computed:
        new._parameters.pop(name, None)
        new.__dict__.pop(name, None)
        if parametrize.is_parametrized(old, name):
            _move_parametrization(old, new, name)
        else:  # the older weight_norm and spectral_norm set it before each call
            new.__dict__[name] = old.__dict__[name]
    for place in _PLACES:
        mine, theirs = getattr(new, place), getattr(old, place)
        for name, value in theirs.items():
            mine.setdefault(name, value)
    for name in _HOOKS:
        if name in old.__dict__:
            new.__dict__[name] = old.__dict__[name]
    _rebind(new)
    for name, value in old.__dict__.items():
        if name not in new.__dict__ and name not in _SETTINGS_OF_2D:
            new.__dict__[name] = value
    return new


def _is_computed(layer: nn.Module, name: str) -> bool:
    return parametrize.is_parametrized(layer, name) or (
        name not in layer._parameters and getattr(layer, name, None) is not None
    )


def _move_parametrization(old: nn.Module, new: nn.Module, name: str) -> None:
    # The public call gives the layer its class and its place; the list then is exchanged for the
    # old one, with its parameters and state.
    new.register_parameter(name, nn.Parameter(getattr(old, name).detach().clone()))
    parametrize.register_parametrization(new, name, nn.Identity())
    theirs: Any = old.parametrizations
    ours: Any = new.parametrizations
    ours[name] = theirs[name]


def _rebind(new: nn.Module) -> None:
    """Point hooks that remember their layer (weakly) to the new one; the old one goes away."""
    hooks = new.__dict__.get("_load_state_dict_pre_hooks", {})
    for key, hook in hooks.items():
        if getattr(hook, "with_module", False):
            hooks[key] = type(hook)(hook.hook, new)
