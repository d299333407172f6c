"""Fill a cache for a recipe, once its data were found good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.training.cases import ATLAS
from napari_acs.training.order import AUTO
from napari_acs.training.place import make_place, refuse_no_place
from napari_acs.training.recipe import Recipe


def prepare_cache(
    plan: Recipe,
    data: Sequence[Path],
    cache: Path,
    progress: Callable[[str, int, int], None],
    *,
    layout: str = AUTO,
    patient_pattern: str | None = None,
    device: str = "cpu",
    own: bool = False,
) -> None:
    """Write what is missing in a prepared cache.

    Parameters
    ----------
    plan : Recipe
    data : sequence of Path
        Folders of cases; without any, a cache that is there is taken as it is.
    cache : Path
    progress : callable
        Told (case, done, total); what it raises ends the preparation, see `stopping.heard`.
    layout, patient_pattern
        See `napari_acs.training.layouts.find_training_cases`.
    device : str
        Where the network that finds a brain runs.
    own : bool
        Whether the cache is that of one run which has made no step: prepared cases that are no
        longer among the data, as they were left out after a refusal, are then removed.

    Raises
    ------
    BadInput
        If there is neither data nor a cache, or the data are no good.
    """
    refuse_no_place(cache)
    if not data:
        if plan.phantom_share == 1 and not plan.validation:
            prepare_tissues(cache / ATLAS, plan.spacing_mm)
        elif not cache.is_dir():
            raise BadInput(
                "No case to train on was given",
                found=f"no --data, and no folder {cache} of prepared cases",
                do="Name their folder with --data",
            )
        return
    # They need SimpleITK, which a machine that trains on a prepared cache may not have.
    from napari_acs.training.layouts import find_training_cases  # noqa: PLC0415
    from napari_acs.training.preflight import preflight  # noqa: PLC0415
    from napari_acs.training.prepare import add_atlas, prepare_cases  # noqa: PLC0415

    found = find_training_cases(data, layout, patient_pattern)
    cases = [case for case in found if case.name not in plan.exclude]
    preflight(
        plan,
        cases,
        plan.validation,
        may_lack=plan.may_lack,
        phantoms_only=plan.phantom_share == 1,
        looked=lambda done, total: progress("checking", done, total),
    )
    wanted = {case.name for case in cases} | set(plan.exclude)
    if own:
        _remove_others(cache, wanted)
    _refuse_others(cache, wanted)
    if plan.needs_phantoms:
        add_atlas(cache, plan.spacing_mm)
    prepared = prepare_cases(cases, cache, plan.sequences, plan.spacing_mm, device=device)
    for name, done, total in prepared:
        progress(name, done, total)


def _remove_others(cache: Path, wanted: set[str]) -> None:
    from napari_acs.training.prepare import prepared_from  # noqa: PLC0415

    for file in cache.glob("*.npz"):
        if file.stem not in wanted and prepared_from(file) is not None:  # made here, from data
            file.unlink(missing_ok=True)


def _refuse_others(cache: Path, wanted: set[str]) -> None:
    """Refuse prepared cases that are no longer among the data: they would be trained on."""
    others = sorted(file.name for file in cache.glob("*.npz") if file.stem not in wanted)
    if others:
        raise BadInput(
            f"The cache {cache} holds cases that are not among the data",
            found=", ".join(others[:5]) + (", ..." if len(others) > 5 else ""),
            do="Delete these files, add their folder with --data, or choose another --cache",
        )


def prepare_tissues(file: Path, spacing_mm: float) -> None:
    """Write the tissue maps that phantoms are drawn from, where they are not there and whole."""
    from napari_acs.training.phantom import is_atlas, prepare_atlas  # noqa: PLC0415

    if not is_atlas(file):
        make_place(file.parent)  # not after the minute that the maps take
        prepare_atlas(file, spacing_mm)
