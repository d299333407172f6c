"""The weights of the brain networks, which ship with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from napari_acs.errors import BadInput
from napari_acs.models.brain_network import BrainNetwork
from napari_acs.models.bundle import sha256_of
from napari_acs.models.safe_load import load_state

SOURCE = "deepbet 1.0.2 (Fisch et al. 2024)"
SHA256 = "82565f8230fae18549c739a0bcff155d314567611d8ed886101da5f928d0d5d7"
"""Of ``bundled_brain/weights.safetensors``, as scripts/deepbet_weights.py writes it."""


@dataclass(frozen=True)
class BrainNetworks:
    """The two networks of a brain extraction, in eval mode.

    Attributes
    ----------
    box : BrainNetwork
        Finds the brain in the whole head, at a coarse scale.
    brain : BrainNetwork
        Draws it, in the box round what the first found.
    """

    box: BrainNetwork
    brain: BrainNetwork


def bundled_brain_folder() -> Path:
    """Return the folder of the brain networks' weights, licence and card.

    Not in ``bundled/``, whose folders the store offers as tumour models.
    """
    return Path(__file__).parent / "bundled_brain"


def load_brain_networks(folder: Path | None = None, device: str = "cpu") -> BrainNetworks:
    """Read both networks, after their file's hash was checked.

    Parameters
    ----------
    folder : Path, optional
        Where ``weights.safetensors`` is; left out, the one that ships.
    device : str
        A torch device.

    Raises
    ------
    BadInput
        The file is missing or not the one that was published.
    """
    file = (folder or bundled_brain_folder()) / "weights.safetensors"
    if not file.is_file():
        raise BadInput(f"{file} is not there", do="Install napari-acs again")
    digest = sha256_of(file)
    if digest != SHA256:
        raise BadInput(
            f"{file} is not the file that napari-acs was published with",
            found=f"sha256 {digest[:12]}...",
            expected=f"{SHA256[:12]}...",
            do="Install napari-acs again; do not use the file as it is",
        )
    state = load_state(file)
    networks = []
    for name in ("box", "brain"):
        network = BrainNetwork()
        own = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")}
        network.load_state_dict({key: value.to(torch.float32) for key, value in own.items()})
        networks.append(network.eval().to(device))
    return BrainNetworks(*networks)
