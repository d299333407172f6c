"""Pretrained 2D trunks from torchvision, as 3D encoders. The only importer of torchvision."""

from __future__ import annotations

import math
import pickle
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from napari_acs.acs import convert
from napari_acs.acs.modes import Mode
from napari_acs.errors import BadInput
from napari_acs.models.encoder_names import ENCODERS, NOT_ENCODERS, REGNETS
from napari_acs.models.safe_load import load_state
from napari_acs.models.software_opengl import keep_triton_out
from napari_acs.models.verify import sha256_of

keep_triton_out()

import torchvision  # noqa: E402  (only now is it safe)

__all__ = ["ENCODERS", "Encoder", "trunk_2d", "trunk_from_file", "trunk_from_state", "trunk_names"]


def trunk_2d(name: str, *, pretrained: bool = False) -> nn.Sequential:
    """Return a torchvision architecture without its classifier, as a flat sequence of stages.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    pretrained : bool
        Whether to fill in torchvision's official ImageNet weights. They are downloaded if they
        are not in torch's cache yet, and checked against torchvision's own hash either way.

    Raises
    ------
    BadInput
        If the name is unknown, or the weights cannot be downloaded or fail torchvision's check.
    """
    _refuse_others(name)
    try:
        if pretrained:
            _refuse_other_weights(name)
        network = torchvision.models.get_model(
            name, weights="DEFAULT" if pretrained else None, **_options(name, pretrained)
        )
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        if not pretrained:
            raise
        raise BadInput(
            f"torchvision's ImageNet weights of {name} could not be had",
            found=str(error).strip().splitlines()[0],
            do="Check the network, or give a file with --encoder-weights (see docs/training.md)",
        ) from error
    return nn.Sequential(OrderedDict(_stages(name, network)))


def trunk_names(name: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return what torchvision calls each tensor of a trunk, and its shape.

    Nothing is allocated, but for RegNets.

    Returns
    -------
    dict of str to (str, tuple of int)
        The trunk's own name of a parameter or buffer, to torchvision's name and the shape.

    Raises
    ------
    BadInput
        If the encoder is unknown.
    """
    _refuse_others(name)
    # RegNet computes its widths with tensors, which needs their values.
    with torch.device("cpu" if name in REGNETS else "meta"):
        network = torchvision.models.get_model(name, weights=None, **_options(name, False))
    theirs = {id(t): key for key, t in network.state_dict(keep_vars=True).items()}
    trunk = nn.Sequential(OrderedDict(_stages(name, network)))
    return {
        key: (theirs[id(tensor)], tuple(tensor.shape))
        for key, tensor in trunk.state_dict(keep_vars=True).items()
    }


def trunk_from_file(name: str, file: Path) -> nn.Sequential:
    """Return a 2D trunk with the weights of a torchvision state dict.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    file : Path
        ``.safetensors``, ``.pt`` or ``.pth`` with torchvision's names; of the whole classifier
        or of its ``features`` alone.

    Raises
    ------
    BadInput
        If the file cannot be read safely, or lacks a weight of the trunk or has it in another
        shape.
    """
    return trunk_from_state(name, load_state(file), str(file))


def trunk_from_state(name: str, state: Mapping[str, Tensor], source: str) -> nn.Sequential:
    """Return a 2D trunk with the weights of a torchvision state dict; see `trunk_from_file`.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    state : mapping of str to Tensor
        Torchvision's names, with or without ``features.``.
    source : str
        What a refusal calls it.
    """
    trunk = trunk_2d(name)
    short = {key.removeprefix("features."): tensor for key, tensor in state.items()}
    chosen = {}
    for key, (theirs, shape) in trunk_names(name).items():
        tensor = short.get(theirs.removeprefix("features."))
        if tensor is None or tuple(tensor.shape) != shape:
            found = tuple(tensor.shape) if tensor is not None else "nothing"
            raise BadInput(
                f"{source} does not hold the weights of torchvision's {name}",
                found=f"{found} at {theirs}",
                expected=f"{shape}",
            )
        chosen[key] = tensor
    trunk.load_state_dict(chosen)
    return trunk


def _refuse_others(name: str) -> None:
    if name not in ENCODERS:
        why = next((w for start, w in NOT_ENCODERS.items() if name.startswith(start)), "unknown")
        raise BadInput(f"encoder {name!r} is {why}", expected=f"one of {', '.join(ENCODERS)}")


def _refuse_other_weights(name: str) -> None:
    """Have the official weights in torch's cache, and refuse a file there that is not theirs.

    Torch checks what it downloads, and never again; and torchvision unpickles what lies in the
    cache, whatever that runs. So the hash is checked here, and that it holds nothing but tensors.
    """
    weights = torchvision.models.get_model_weights(name).DEFAULT
    file = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(weights.url).path).name)
    pinned = re.search(r"-([0-9a-f]{8,})\.", file.name)
    if file.is_file() and pinned and not sha256_of(file).startswith(pinned[1]):
        raise BadInput(
            f"{file} is not the file that torchvision published",
            found=f"sha256 {sha256_of(file)[:12]}...",
            expected=f"{pinned[1]}...",
            do="Delete it, and it is downloaded again",
        )
    weights.get_state_dict(progress=True, check_hash=True, weights_only=True)


def _options(name: str, pretrained: bool) -> dict[str, bool]:
    # Auxiliary classifiers are no part of a trunk. The official weights say themselves whether.
    if name != "googlenet" or pretrained:
        return {}
    return {"aux_logits": False, "init_weights": False}


def _stages(name: str, network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a network's parts before its classifier, by name, in the order of its forward."""
    children = dict(network.named_children())
    body = children.get("features", children.get("layers"))
    if isinstance(body, nn.Sequential):
        stages = list(body.named_children())
        # The last 1x1 layer widens to 1280 channels for the classifier alone.
        return stages[:-1] if name == "mobilenet_v2" else stages
    stages = []
    for key, child in children.items():
        if key in ("avgpool", "fc", "dropout", "aux1", "aux2"):
            continue
        # RegNet's resolutions are inside its trunk_output.
        inner = key == "trunk_output"
        stages += list(child.named_children()) if inner else [(key, child)]
    return stages


class Encoder(nn.Module):
    """An ACS trunk that returns one feature map a resolution, finest first.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    in_channels : int
        Input channels (MRI sequences).
    pretrained : bool
        See :func:`trunk_2d`.
    trunk : nn.Sequential, optional
        A 2D trunk of this architecture with weights of its own, used instead.
    mode : {"acs", "soft", "inflate", "mean", "conv3d"}
        The way from 2D to 3D, see :mod:`napari_acs.acs.modes`.

    Attributes
    ----------
    channels : tuple of int
        Channels of the returned maps.
    strides : tuple of int
        Their strides in input voxels.
    """

    def __init__(
        self,
        name: str,
        in_channels: int,
        *,
        pretrained: bool = False,
        trunk: nn.Sequential | None = None,
        mode: Mode = "acs",
    ) -> None:
        super().__init__()
        flat = trunk if trunk is not None else trunk_2d(name, pretrained=pretrained)
        self._taps, self.channels, self.strides = _taps(flat)
        converted = convert(flat, mode, in_channels)
        assert isinstance(converted, nn.Sequential)
        # What lies behind the last tap is never used.
        self.trunk: nn.Sequential = converted[: self._taps[-1] + 1]

    def keep(self, resolutions: int) -> None:
        """Drop all but the finest ``resolutions``, and the layers that lead to the others.

        Raises
        ------
        ValueError
            If there are not so many.
        """
        if not 1 <= resolutions <= len(self.channels):
            raise ValueError(f"the encoder has {len(self.channels)} resolutions, not {resolutions}")
        self._taps = self._taps[:resolutions]
        self.channels = self.channels[:resolutions]
        self.strides = self.strides[:resolutions]
        self.trunk = self.trunk[: self._taps[-1] + 1]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (n, c, z, y, x) to one (n, channels[i], ...) map a resolution, finest first."""
        maps = []
        for index, stage in enumerate(self.trunk):
            x = stage(x)
            if index in self._taps:
                maps.append(x)
        return maps


def _taps(flat: nn.Sequential) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Find the last stage at each resolution, by running a small picture through the trunk."""
    side = 128
    first = next(m for m in flat.modules() if isinstance(m, nn.Conv2d))
    x = torch.zeros(1, first.in_channels, side, side)
    was_training = flat.training
    found: dict[int, tuple[int, int]] = {}
    with torch.no_grad():
        flat.eval()
        for index, stage in enumerate(flat):
            x = stage(x)
            # Unpadded layers lose a voxel or two: round to the power of two that is meant.
            stride = 2 ** round(math.log2(side / x.shape[-1]))
            found[stride] = (index, x.shape[1])
    flat.train(was_training)
    strides = tuple(s for s in sorted(found) if s > 1)
    return (
        tuple(found[s][0] for s in strides),
        tuple(found[s][1] for s in strides),
        strides,
    )
