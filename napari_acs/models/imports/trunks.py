"""2D weights of torchvision, recognised by names and shapes, as the encoder of an ``acs-unet``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from napari_acs.acs import adapt_input
from napari_acs.acs.modes import Mode
from napari_acs.errors import BadInput
from napari_acs.models.encoders import ENCODERS, Encoder, trunk_names
from napari_acs.models.imports.request import Request, sequences_of
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.unet import ACSUNet

_MARKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("layer1.", ("resnet", "resnext", "wide_resnet")),
    ("denseblock1.", ("densenet",)),
    ("1.conv.", ("mobilenet_v2",)),
    ("1.block.", ("mobilenet_v3",)),
    ("1.0.block.0.0.", ("efficientnet",)),
    ("1.0.layer_scale", ("convnext",)),
    ("0.weight", ("vgg", "alexnet", "squeezenet")),
    ("layers.", ("mnasnet",)),
    ("stage2.", ("shufflenet",)),
    ("inception3a.", ("googlenet",)),
    ("trunk_output.", ("regnet",)),
)
"""How the names of a tensor begin in each family: only those are built to be compared."""
_WIDTHS = (96, 64, 48, 32, 16)
_SEQUENCES = ("t1", "t1ce", "t2", "flair")
SOFT = ".soft_w_core"
"""End of the names that acsconv's soft layers add."""


def encoder_of(state: Mapping[str, Tensor], source: str) -> str:
    """Return the name of the torchvision architecture whose trunk a state dict holds.

    The first convolution may have any number of input channels, and kernels may be 3D.

    Raises
    ------
    BadInput
        If it is none of `ENCODERS`.
    """
    short = {key.removeprefix("features."): tuple(t.shape) for key, t in state.items()}
    there = [names for mark, names in _MARKS if any(key.startswith(mark) for key in short)]
    families = tuple(name for names in there for name in names)
    held = {name: _held(short, name) for name in ENCODERS if name.startswith(families)}
    # The weights of a deeper one hold those of the shallower of its family.
    best = max(held, key=lambda name: held[name], default="")
    if held.get(best):
        return best
    transformer = next((k for k in short if "attn" in k or "self_attention" in k), None)
    raise BadInput(
        f"{source} holds no weights of a torchvision CNN that can be an encoder",
        found=f"a transformer ({transformer})"
        if transformer
        else f"{len(short)} tensors, such as {next(iter(short), 'none')}",
        expected=f"one of {', '.join(ENCODERS)}",
    )


def mode_of(state: Mapping[str, Tensor]) -> Mode:
    """Return the way to 3D that a state dict's names and shapes show."""
    if any(key.endswith(SOFT) for key in state):
        return "soft"
    return "conv3d" if any(tensor.dim() == 5 for tensor in state.values()) else "acs"


def decoder_of(encoder: str, mode: Mode, in_channels: int) -> dict[str, Any]:
    """Return the arguments of an ``acs-unet`` with a decoder of the usual width."""
    steps = len(Encoder(encoder, in_channels).channels)
    arguments: dict[str, Any] = {"encoder": encoder, "decoder_channels": list(_WIDTHS[-steps:])}
    return arguments | ({"mode": mode} if mode != "acs" else {})


def untrained_unet(
    request: Request, encoder: str, state: Mapping[str, Tensor], source: str
) -> tuple[ACSUNet, dict[str, Any]]:
    """Return an ``acs-unet`` with these encoder weights and a fresh decoder, and its fields.

    Raises
    ------
    BadInput
        If a weight is missing or not finite, or the input channels cannot be adapted.
    """
    channels = sequences_of(request, len(request.channels or _SEQUENCES), _SEQUENCES)
    mode = mode_of(state)
    arguments = decoder_of(encoder, mode, len(channels))
    torch.manual_seed(0)
    network = ACSUNet(in_channels=len(channels), regions=len(GLIOMA_OUTPUT.regions), **arguments)
    _fill(network.encoder.trunk, encoder, state, source)
    fields = {
        "status": "untrained",
        "architecture": {"name": "acs-unet", "arguments": arguments},
        "input": {
            "channels": [{"name": name} for name in channels],
            "spacing_mm": (1.0, 1.0, 1.0),
            "patch": (96, 96, 96),
        },
        "output": GLIOMA_OUTPUT.model_dump(),
    }
    return network, fields


def _fill(trunk: nn.Module, encoder: str, state: Mapping[str, Tensor], source: str) -> None:
    short = {key.removeprefix("features."): tensor for key, tensor in state.items()}
    theirs = {
        key: name.removeprefix("features.") for key, (name, _) in trunk_names(encoder).items()
    }
    wanted, chosen = trunk.state_dict(), {}
    for key, place in wanted.items():
        stem = key.removesuffix(SOFT)
        name = (
            theirs[f"{stem}.weight"].removesuffix(".weight") + SOFT if stem != key else theirs[key]
        )
        tensor = short.get(name)
        if tensor is not None and tensor.shape != place.shape and tensor.dim() == 4:
            tensor = _adapted(tensor, place)
        if tensor is None or tensor.shape != place.shape:
            raise BadInput(
                f"{source} does not hold the weights of {encoder}",
                found=f"{'nothing' if tensor is None else tuple(tensor.shape)} at {name}",
                expected=f"{tuple(place.shape)}",
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise BadInput(f"{source} is damaged", found=f"NaN or infinity in {name}")
        chosen[key] = tensor
    trunk.load_state_dict(chosen)


def _adapted(weight: Tensor, place: Tensor) -> Tensor:
    """Bring the first convolution to another number of sequences, as `convert` does."""
    if weight.shape[0] != place.shape[0] or weight.shape[2:] != place.shape[2:]:
        return weight
    sides = (weight.shape[2], weight.shape[3])
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], sides, bias=False)
    with torch.no_grad():
        conv.weight.copy_(weight)
    return adapt_input(conv, place.shape[1]).weight.detach()


def _held(shapes: dict[str, tuple[int, ...]], encoder: str) -> int:
    """Return how many tensors an encoder's trunk has, if all of them are there; else 0."""
    first, wanted = True, trunk_names(encoder)
    for name, shape in wanted.values():
        found = shapes.get(name.removeprefix("features."))
        if found is None:
            return 0
        same = found == shape or (len(shape) == 4 and len(found) == 5 and found[:2] == shape[:2])
        if not same and not (first and found[:1] == shape[:1] and len(found) >= 4):
            return 0
        first = False
    return len(wanted)
