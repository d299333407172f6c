"""A bundle: a folder with ``model.json``, ``weights.safetensors`` and ``card.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.atomic import folder_appears
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.models.extras import refuse_missing_extras
from napari_acs.models.fitting import load_network
from napari_acs.models.networks import in_lps_order, region_probabilities
from napari_acs.models.spec import BundleSpec
from napari_acs.models.store import find_bundle, read_spec
from napari_acs.models.verify import sha256_of, verify_weights

__all__ = ["Bundle", "load_bundle", "save_bundle", "sha256_of"]


@dataclass(frozen=True)
class Bundle:
    """A bundle whose weights were found and match their recorded hash.

    Attributes
    ----------
    spec : BundleSpec
        The content of ``model.json``.
    path : Path
        The bundle's folder.
    sha256 : str
        Of the weights file.
    members : tuple of int
        Of an ensemble, the numbers (from 0) of those that are asked; empty: all.
    """

    spec: BundleSpec
    path: Path
    sha256: str
    members: tuple[int, ...] = ()

    def network(self, *, untrained: bool = False) -> nn.Module:
        """Build the network and load its weights, verified once more; eval mode, on the CPU.

        Parameters
        ----------
        untrained : bool
            Whether a bundle with a fresh head will do: to train it, or to look at it.

        Returns
        -------
        nn.Module
            Maps (n, c, z, y, x) float32 in model space, LPS, to logits
            (n, output.channel_count, z, y, x).

        Raises
        ------
        BadInput
            If the weights changed or went since, do not fit the architecture or are not finite; if
            the bundle is untrained; if an extra that it requires is missing.
        """
        if self.spec.status == "untrained" and not untrained:
            raise BadInput(
                f"model {self.spec.id!r} cannot predict yet",
                found="a fresh head",
                do="Train it first: see docs/training.md",
            )
        refuse_missing_extras(self.spec)
        network = load_network(self.path, self.spec)
        if self.members:
            assert isinstance(network, ACSUNetEnsemble)
            network = network.only(self.members)
        return in_lps_order(network, self.spec).eval()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return nested region probabilities, (n, regions, z, y, x), of the network's output."""
        return region_probabilities(logits, self.spec.output)


def load_bundle(id_or_path: str | Path) -> Bundle:
    """Find a bundle by id or path, read its description and verify its weights.

    Raises
    ------
    BadInput
        If it is unknown, incomplete, of an unknown format, or its weights do not have the hash
        that ``model.json`` records.
    """
    folder = find_bundle(id_or_path)
    spec = read_spec(folder)
    verify_weights(folder, spec)
    return Bundle(spec, folder, spec.weights.sha256)


def save_bundle(
    folder: Path,
    spec: dict[str, Any],
    network: nn.Module,
    card: str | None = None,
    *,
    half: bool = False,
) -> Bundle:
    """Write a bundle; the folder appears complete or not at all.

    Parameters
    ----------
    folder : Path
        Where to put it; must not exist yet.
    spec : dict
        The fields of :class:`BundleSpec` but ``weights``, which is filled in here.
    network : nn.Module
        The trained network.
    card : str, optional
        The model card, as Markdown.
    half : bool
        Whether kernels are stored in half precision (see `halved`), in half the space; the network
        that is loaded computes in single precision all the same.

    Raises
    ------
    BadInput
        If the folder exists, or cannot be written.
    """
    with folder_appears(folder) as staging:
        file = staging / "weights.safetensors"
        state = network.state_dict()
        state = halved(state) if half else state
        save_file({k: v.detach().contiguous() for k, v in state.items()}, file)
        weights = {"sha256": sha256_of(file), "size_bytes": file.stat().st_size}
        checked = BundleSpec.model_validate({**spec, "weights": weights})
        text = json.dumps(checked.model_dump(mode="json"), indent=2, ensure_ascii=False)
        (staging / "model.json").write_text(text + "\n", encoding="utf-8")
        if card is not None:
            (staging / "card.md").write_text(card, encoding="utf-8")
    return load_bundle(folder)


def halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict whose kernels are in half precision; the rest is left as it is.

    Kernels are the floating tensors of more than one axis, and all but a hundredth of a network's
    numbers. Biases, and what batch norms learned and counted, stay: a small variance would become
    0. So does a kernel with a number that half precision cannot hold (above 65 504).
    """
    return {name: _half(tensor) for name, tensor in state.items()}


def _half(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or tensor.dim() < 2:
        return tensor
    half = tensor.half()
    return half if bool(half.isfinite().all()) else tensor
