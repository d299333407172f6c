"""A bundle: a folder with ``model.json``, ``weights.safetensors`` and ``card.md``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.atomic import folder_appears
from napari_acs.models.calibrated import calibrated, scores_of
from napari_acs.models.classifier import ACSClassifier
from napari_acs.models.classifier_ensemble import ACSClassifierEnsemble, Classifier
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.models.extras import refuse_missing_extras
from napari_acs.models.fitting import load_network
from napari_acs.models.halves import halved, holds_halves
from napari_acs.models.networks import in_lps_order, region_probabilities
from napari_acs.models.spec import ANY_SPEC, AnySpec, BundleSpec, ClassifierSpec
from napari_acs.models.store import find_bundle, read_spec
from napari_acs.models.verify import sha256_of, verify_weights, weights_file

__all__ = [
    "AnyBundle",
    "Bundle",
    "ClassifierBundle",
    "bundle_of",
    "load_any_bundle",
    "load_bundle",
    "load_classifier",
    "save_bundle",
    "save_classifier",
    "sha256_of",
]


@dataclass(frozen=True)
class Bundle:
    """A segmentation bundle whose weights were found and match their recorded hash.

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
        _refuse_unready(self.spec, untrained)
        network = load_network(self.path, self.spec)
        if self.members:
            assert isinstance(network, ACSUNetEnsemble)
            network = network.only(self.members)
        return in_lps_order(network, self.spec).eval()

    @property
    def in_half(self) -> bool:
        """Whether its kernels lie in the file in half precision, as `save_bundle` puts them."""
        return holds_halves(weights_file(self.path, self.spec))

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return nested region probabilities, (n, regions, z, y, x), of the network's output."""
        return region_probabilities(logits, self.spec.output)


@dataclass(frozen=True)
class ClassifierBundle:
    """A classifier's bundle whose weights were found and match their recorded hash.

    Attributes
    ----------
    spec : ClassifierSpec
        The content of ``model.json``.
    path : Path
        The bundle's folder.
    sha256 : str
        Of the weights file.
    """

    spec: ClassifierSpec
    path: Path
    sha256: str

    def network(self, *, untrained: bool = False) -> Classifier:
        """Build the network and load its weights, verified once more; eval mode, on the CPU.

        Parameters
        ----------
        untrained : bool
            Whether a bundle with a fresh head will do: to train it, or to look at it.

        Returns
        -------
        ACSClassifier or ACSClassifierEnsemble
            Maps (n, input.channel_count, z, y, x) float32, as
            `napari_acs.inference.classify_input` makes it, to logits (n, classes).

        Raises
        ------
        BadInput
            As of :meth:`Bundle.network`.
        """
        _refuse_unready(self.spec, untrained)
        network = load_network(self.path, self.spec)
        assert isinstance(network, ACSClassifier | ACSClassifierEnsemble)
        return network.eval()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of every class, (n, classes) float32, of the network's output.

        The logits are divided by the bundle's temperature first; isotonic curves come last.
        """
        return calibrated(self.spec, scores_of(self.spec, logits))


AnyBundle = Bundle | ClassifierBundle


def load_bundle(id_or_path: str | Path) -> Bundle:
    """Find a segmentation bundle by id or path, read its description and verify its weights.

    Raises
    ------
    BadInput
        If it is unknown, incomplete, of an unknown format, a classifier, or its weights do not have
        the hash that ``model.json`` records.
    """
    bundle = load_any_bundle(id_or_path)
    if isinstance(bundle, ClassifierBundle):
        raise BadInput(
            f"model {bundle.spec.id!r} is a classifier",
            expected="a model that segments",
            do="Use it with napari-acs classify, or load it with load_classifier",
        )
    return bundle


def load_classifier(id_or_path: str | Path) -> ClassifierBundle:
    """Find a classifier's bundle by id or path, read its description and verify its weights.

    Raises
    ------
    BadInput
        As `load_bundle`, and if it is a model that segments.
    """
    bundle = load_any_bundle(id_or_path)
    if isinstance(bundle, Bundle):
        raise BadInput(
            f"model {bundle.spec.id!r} is a model that segments",
            expected="a classifier",
            do="Use it with napari-acs segment, or load it with load_bundle",
        )
    return bundle


def load_any_bundle(id_or_path: str | Path) -> AnyBundle:
    """Find a bundle of either task; see `load_bundle`."""
    folder = find_bundle(id_or_path)
    spec = read_spec(folder)
    verify_weights(folder, spec)
    return bundle_of(spec, folder)


def bundle_of(spec: AnySpec, folder: Path) -> AnyBundle:
    """Return the bundle of a description that was read; its weights are not looked at."""
    if isinstance(spec, ClassifierSpec):
        return ClassifierBundle(spec, folder, spec.weights.sha256)
    return Bundle(spec, folder, spec.weights.sha256)


def save_bundle(
    folder: Path,
    spec: dict[str, Any],
    network: nn.Module,
    card: str | None = None,
    *,
    half: bool = False,
) -> Bundle:
    """Write a segmentation bundle; the folder appears complete or not at all.

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
    _write(folder, {**spec, "task": "segmentation"}, network, card, half=half)
    return load_bundle(folder)


def save_classifier(
    folder: Path,
    spec: dict[str, Any],
    network: nn.Module,
    card: str | None = None,
    *,
    half: bool = False,
) -> ClassifierBundle:
    """Write a classifier's bundle, as `save_bundle` does with the fields of `ClassifierSpec`."""
    _write(folder, {**spec, "task": "classification"}, network, card, half=half)
    return load_classifier(folder)


def _write(
    folder: Path, spec: dict[str, Any], network: nn.Module, card: str | None, *, half: bool
) -> None:
    with folder_appears(folder) as staging:
        file = staging / "weights.safetensors"
        state = network.state_dict()
        state = halved(state) if half else state
        try:
            save_file({k: v.detach().contiguous() for k, v in state.items()}, file)
        except SafetensorError as error:  # what the system refused, such as on a full disk
            raise OSError(str(error)) from error
        weights = {"sha256": sha256_of(file), "size_bytes": file.stat().st_size}
        checked = ANY_SPEC.validate_python({**spec, "weights": weights})
        text = json.dumps(checked.model_dump(mode="json"), indent=2, ensure_ascii=False)
        (staging / "model.json").write_text(text + "\n", encoding="utf-8")
        if card is not None:
            (staging / "card.md").write_text(card, encoding="utf-8")


def _refuse_unready(spec: AnySpec, untrained: bool) -> None:
    if spec.status == "untrained" and not untrained:
        raise BadInput(
            f"model {spec.id!r} cannot predict yet",
            found="a fresh head",
            do="Train it first: see docs/finetuning.md",
        )
    refuse_missing_extras(spec)
