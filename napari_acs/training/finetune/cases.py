"""Corrected studies as a bundle's network sees them: skull removed, in its model space."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from napari_acs.imaging import Volume, labels_to_model_space, to_model_space
from napari_acs.inference.mask_contrast import doubt_of
from napari_acs.inference.ready import Preparation, make_ready
from napari_acs.inference.reference import FolderCase, LabelledCase
from napari_acs.models.atomic import file_appears
from napari_acs.models.spec import BundleSpec
from napari_acs.training.cases import Case, load_case
from napari_acs.training.checks.folders import training_case
from napari_acs.training.layouts.labelled import AnyCase
from napari_acs.training.prepare import hash_of, nested_labels, prepared_from


def prepare_corrected(
    folders: Sequence[AnyCase], cache: Path, spec: BundleSpec, device: str
) -> Iterator[tuple[str, int, int]]:
    """Write each case into a cache, as prediction would prepare it; yield (case, done, total).

    Sequences on other grids are registered and a skull is removed, as when the model predicts;
    spacing and normalisation are the bundle's. Cases that are in the cache are kept, unless an
    image, the mask, what its labels mean, or what the bundle wants changed since.

    Parameters
    ----------
    folders : sequence of Path or Labelled
        Each a study with one mask, on the grid that the study is segmented on; or a case of
        another layout.
    cache : Path
        Made where it is missing; one ``.npz`` a case, see `napari_acs.training.cases`.
    spec : BundleSpec
    device : str
        Where the network that finds the brain runs.

    Raises
    ------
    BadInput
        If a study or a mask does not do, or the cache cannot be written.
    """
    # Refuse before any computing.
    cases = [FolderCase(one) if isinstance(one, Path) else one for one in folders]
    for done, (one, case) in enumerate(zip(folders, cases, strict=True), start=1):
        target = cache / f"{case.name}.npz"
        made_from = _made_from(one, spec)
        if prepared_from(target) != made_from:
            _prepare(case, target, spec, made_from, device)
        yield case.name, done, len(cases)


def load_corrected(folders: Sequence[AnyCase], cache: Path, spacing_mm: float) -> list[Case]:
    """Load cases that `prepare_corrected` wrote, in the order of their folders."""
    return [load_case(cache / f"{folder.name}.npz", spacing_mm) for folder in folders]


def balanced(corrected: Sequence[Case], rehearsed: Sequence[Case]) -> list[Case]:
    """Return both, repeated so that about every second draw is a corrected case.

    Nothing is copied: a case that stands there twice is the same object.
    """
    if not rehearsed:
        return list(corrected)
    most = max(len(corrected), len(rehearsed))
    return [
        case
        for cases in (corrected, rehearsed)
        for case in list(cases) * max(1, round(most / len(cases)))
    ]


def _made_from(case: AnyCase, spec: BundleSpec) -> str:
    """Hash all that decides a prepared case."""
    wants = spec.input
    channels = [channel.name for channel in wants.channels]
    files = hash_of(training_case(case), channels, wants.spacing_mm[0])
    return hashlib.sha256(f"{files} {wants.normalisation}".encode()).hexdigest()


def _prepare(
    case: LabelledCase, target: Path, spec: BundleSpec, made_from: str, device: str
) -> None:
    study, regions = case.read()
    if doubt := doubt_of(study, regions["WT"], f"The mask of {case.name}"):
        logging.getLogger(__name__).warning(doubt)
    ready = make_ready(study, Preparation(), device=device).study
    channels = tuple(channel.name for channel in spec.input.channels)
    image = to_model_space(ready, channels, spec.input.spacing_mm, spec.input.normalisation)
    with file_appears(target, replace=True) as staging, staging.open("wb") as stream:
        np.savez_compressed(
            stream,
            images=image.array.astype(np.float16),
            labels=labels_to_model_space(Volume(nested_labels(regions), study.grid, None), image),
            spacing_mm=np.float32(spec.input.spacing_mm[0]),
            inputs=np.str_(made_from),
        )
