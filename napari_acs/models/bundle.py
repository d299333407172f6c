"""A bundle: a folder with ``model.json``, ``weights.safetensors`` and ``card.md``."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.networks import build_network, in_lps_order, region_probabilities
from napari_acs.models.safe_load import load_state
from napari_acs.models.spec import BundleSpec
from napari_acs.models.store import find_bundle, read_spec


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
    """

    spec: BundleSpec
    path: Path
    sha256: str

    def network(self) -> nn.Module:
        """Build the network and load its weights, verified once more; eval mode, on the CPU.

        Returns
        -------
        nn.Module
            Maps (n, c, z, y, x) float32 in model space, LPS, to logits
            (n, output.channel_count, z, y, x).

        Raises
        ------
        BadInput
            If the weights changed since, or do not fit the architecture.
        """
        file = _verified(self.path, self.spec)
        network = build_network(self.spec)
        try:
            network.load_state_dict(load_state(file))
        except RuntimeError as error:
            raise BadInput(
                f"{file} does not fit the architecture that model.json names",
                found=str(error).splitlines()[-1].strip(),
                do="Copy the bundle again",
            ) from error
        for name, tensor in network.state_dict().items():
            if not bool(tensor.isfinite().all()):
                raise BadInput(f"{file} is damaged", found=f"NaN or infinity in {name}")
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
    _verified(folder, spec)
    return Bundle(spec, folder, spec.weights.sha256)


def save_bundle(
    folder: Path, spec: dict[str, Any], network: nn.Module, card: str | None = None
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

    Raises
    ------
    BadInput
        If the folder exists.
    """
    if folder.exists():
        raise BadInput(f"{folder} exists", do="Choose another name, or move it away")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        file = staging / "weights.safetensors"
        save_file({k: v.detach().contiguous() for k, v in network.state_dict().items()}, file)
        weights = {"sha256": sha256_of(file), "size_bytes": file.stat().st_size}
        checked = BundleSpec.model_validate({**spec, "weights": weights})
        text = json.dumps(checked.model_dump(mode="json"), indent=2, ensure_ascii=False)
        (staging / "model.json").write_text(text + "\n", encoding="utf-8")
        if card is not None:
            (staging / "card.md").write_text(card, encoding="utf-8")
        # mkdtemp and save_file make private files; a lab's shared folder needs readable ones.
        staging.chmod(0o755)
        for written in staging.iterdir():
            written.chmod(0o644)
        staging.replace(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return load_bundle(folder)


def sha256_of(file: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _verified(folder: Path, spec: BundleSpec) -> Path:
    file = folder / spec.weights.file
    if not file.is_file():
        raise BadInput(
            f"bundle {spec.id!r} in {folder} is incomplete",
            found=f"no {spec.weights.file}",
            do="Copy the whole bundle again",
        )
    digest = sha256_of(file)
    if digest != spec.weights.sha256:
        raise BadInput(
            f"{file} is not the file that {spec.id!r} was published with",
            found=f"sha256 {digest[:12]}...",
            expected=f"{spec.weights.sha256[:12]}...",
            do="Copy the bundle again from its source; do not use it as it is",
        )
    return file
