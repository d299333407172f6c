"""Turn studies into the prepared cache: one ``.npz`` a case, in model space.

The cache is all that the training loop reads, so that training can move to a machine with torch,
numpy, pydantic and safetensors alone. MONAI's loaders and its PersistentDataset do not fit: they
keep pickled tensors, need MONAI to read them, and know nothing of our model space, which must be
that of inference.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, labels_to_model_space, to_model_space
from napari_acs.inference.mask_contrast import doubt_of
from napari_acs.inference.ready import Preparation, make_ready
from napari_acs.training.arrays import DAMAGE, write_arrays
from napari_acs.training.cases import ATLAS
from napari_acs.training.checks.labels import check_labels
from napari_acs.training.checks.names import check_names
from napari_acs.training.checks.same_channels import refuse_same_channels
from napari_acs.training.checks.together import of_case
from napari_acs.training.layouts import AUTO, TrainingCase, find_training_cases
from napari_acs.training.layouts.read import read_case
from napari_acs.training.phantom import is_atlas, prepare_atlas
from napari_acs.training.place import make_place

__all__ = ["ATLAS", "nested_labels", "prepare", "prepare_cases"]

_VERSION = 2
"""Of the preparation: another one prepares every case again."""


def prepare(
    roots: Sequence[Path],
    out: Path,
    sequences: Sequence[str],
    spacing_mm: float,
    *,
    phantoms: bool = True,
    layout: str = AUTO,
) -> Iterator[tuple[str, int, int]]:
    """Find every case of the data sets and prepare it; see `prepare_cases`.

    Parameters
    ----------
    roots, layout
        See `find_training_cases`.
    out, sequences, spacing_mm
        See `prepare_cases`.
    phantoms : bool
        Whether to add the tissue maps that phantoms need.
    """
    cases = find_training_cases(roots, layout)
    if phantoms:
        add_atlas(out, spacing_mm)
    yield from prepare_cases(cases, out, sequences, spacing_mm)


def prepare_cases(
    cases: Sequence[TrainingCase],
    out: Path,
    sequences: Sequence[str],
    spacing_mm: float,
    *,
    device: str = "cpu",
) -> Iterator[tuple[str, int, int]]:
    """Write every case into ``out``; yield (case, done, total) after each.

    A skull that is there is removed, as it is when a model predicts: a network that learned from
    whole heads would be shown brains.

    A case that is already there is kept, unless one of its files, its patient, its site, its
    class, the sequences or the spacing changed since. Cases that are there and not in ``cases``
    are left alone.

    Parameters
    ----------
    cases : sequence of TrainingCase
        Of any layout.
    out : Path
        The cache.
    sequences : sequence of str
        Channels, in order.
    spacing_mm : float
        Of model space.
    device : str
        Where the network that finds a brain runs.

    Raises
    ------
    BadInput
        Two cases have one name, a study or a mask is refused (see `read_case`), masks of one
        data set contradict each other about their labels, two sequences of a case are one image,
        or a brain cannot be told from its skull.
    """
    check_names(cases)
    check_labels([case for case in cases if case.mask])
    make_place(out)
    for done, case in enumerate(cases, start=1):
        target = out / f"{case.name}.npz"
        inputs = hash_of(case, sequences, spacing_mm)
        if prepared_from(target) != inputs:
            _prepare_case(case, target, sequences, spacing_mm, inputs, device)
        yield case.name, done, len(cases)


def add_atlas(out: Path, spacing_mm: float) -> None:
    """Add the tissue maps that phantoms are drawn from, if a cache has none, or damaged ones."""
    if not is_atlas(out / ATLAS):
        prepare_atlas(out / ATLAS, spacing_mm)


def nested_labels(regions: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """Return labels 0, 1 (NCR), 2 (ED), 3 (ET) of the masks of WT, TC and ET."""
    labels = np.zeros(regions["WT"].shape, np.uint8)
    for region, label in (("WT", 2), ("TC", 1), ("ET", 3)):
        labels[regions[region]] = label
    return labels


def hash_of(case: TrainingCase, sequences: Sequence[str], spacing_mm: float) -> str:
    """Hash all that decides a prepared case: files, what is said of it, channels, spacing."""
    said = {
        "version": _VERSION,
        "sequences": list(sequences),
        "spacing_mm": spacing_mm,
        "patient": case.patient,
        "site": case.site,
        "label": case.label,
        "frames": dict(case.frames),
        "scheme": repr(case.scheme and [sorted(v) for v in vars(case.scheme).values()]),
        "images": {key: _hash_of_path(path) for key, path in sorted(case.sequences.items())},
        "mask": _hash_of_path(case.mask) if case.mask else None,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _hash_of_path(path: Path) -> str:
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    whole = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise BadInput(f"{file}", found=error.strerror or str(error)) from error
    return whole.hexdigest()


def prepared_from(target: Path) -> str | None:
    """Return the hash that a prepared file was made from; None where it must be made again."""
    try:
        with np.load(target, allow_pickle=False) as data:
            return str(data["inputs"]) if "inputs" in data else None
    except DAMAGE:
        return None  # or not there


def _say_doubt(doubt: str) -> None:
    if doubt:
        logging.getLogger(__name__).warning(doubt)


def _prepare_case(
    case: TrainingCase,
    target: Path,
    sequences: Sequence[str],
    spacing_mm: float,
    inputs: str,
    device: str,
) -> None:
    try:
        study, regions = read_case(case)
        if case.mask:
            _say_doubt(doubt_of(study, regions["WT"], f"{case.name}: {case.mask.name}"))
        study = make_ready(study, Preparation(), device=device).study
    except BadInput as fault:
        raise of_case(case.name, fault) from fault
    image = to_model_space(study, tuple(sequences), (spacing_mm,) * 3)
    refuse_same_channels(case.name, image.array, sequences)
    labels = np.zeros(image.grid.shape, np.uint8)
    if regions:
        labels = labels_to_model_space(Volume(nested_labels(regions), study.grid, None), image)
    write_arrays(
        target,
        images=image.array.astype(np.float16),
        labels=labels,
        spacing_mm=np.float32(spacing_mm),
        sequences=np.array(sequences, dtype=np.str_),
        patient=np.str_(case.patient),
        site=np.str_(case.site),
        label=np.str_(case.label or ""),
        inputs=np.str_(inputs),
    )
