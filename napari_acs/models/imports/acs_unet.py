"""A state dict of our own ``acs-unet``: what it says of its arguments, and the trained bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.models.encoders import ENCODERS, trunk_names
from napari_acs.models.imports.trunks import SOFT, mode_of
from napari_acs.models.spec import GLIOMA_OUTPUT

_TRUNK = "encoder.trunk."


def is_acs_unet(state: Mapping[str, Tensor]) -> bool:
    """Tell whether a state dict has the names of a whole ``acs-unet``."""
    return {"stem.0.weight", "narrow.0.weight", "head.weight"} <= set(state)


def arguments_of(state: Mapping[str, Tensor], source: str) -> dict[str, Any]:
    """Return the arguments of the ``acs-unet`` whose state dict this is.

    Raises
    ------
    BadInput
        If its encoder is not known.
    """
    own = {k.removeprefix(_TRUNK): t for k, t in state.items() if k.startswith(_TRUNK)}
    shapes = {k: tuple(t.shape) for k, t in own.items() if not k.endswith(SOFT)}
    regnet = "stem.0.weight" in shapes and any(key.startswith("block1.") for key in shapes)
    for name in ENCODERS:
        if name.startswith("regnet") == regnet and _is_cut_from(shapes, name):
            break
    else:
        raise BadInput(f"the encoder in {source} is not known", expected=", ".join(ENCODERS))
    places = sorted(int(k.split(".")[1]) for k in state if k.startswith("narrow."))
    arguments: dict[str, Any] = {
        "encoder": name,
        "decoder_channels": [int(state[f"narrow.{i}.weight"].shape[0]) for i in places],
        "stem_channels": int(state["stem.0.weight"].shape[0]),
    }
    mode = mode_of(own)
    return arguments | ({"mode": mode} if mode != "acs" else {})


def fields_of(
    arguments: dict[str, Any],
    channels: tuple[str, ...],
    spacing_mm: float,
    patch: tuple[int, int, int],
) -> dict[str, Any]:
    """Return the fields of a bundle with a trained ``acs-unet`` for gliomas."""
    return {
        "architecture": {"name": "acs-unet", "arguments": arguments},
        "input": {
            "channels": [{"name": name} for name in channels],
            "spacing_mm": (spacing_mm,) * 3,
            "patch": patch,
        },
        "output": GLIOMA_OUTPUT.model_dump(),
    }


def _is_cut_from(shapes: dict[str, tuple[int, ...]], encoder: str) -> bool:
    """Tell whether these are the first tensors of an encoder's trunk, whatever its input."""
    whole = {key: shape for key, (_, shape) in trunk_names(encoder).items()}
    if not shapes or not set(shapes) <= set(whole):
        return False
    first = next(iter(whole))
    return all(
        found[:1] + found[2:4] == whole[key][:1] + whole[key][2:4]
        and (key == first or found[:2] == whole[key][:2])
        for key, found in shapes.items()
    )
