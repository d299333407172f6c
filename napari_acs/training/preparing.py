"""Fill a cache for a recipe, once its data were found good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.training.cases import ATLAS
from napari_acs.training.recipe import Recipe


def prepare_cache(
    plan: Recipe, data: Sequence[Path], cache: Path, progress: Callable[[str, int, int], None]
) -> None:
    """Write what is missing in a prepared cache.

    Parameters
    ----------
    plan : Recipe
    data : sequence of Path
        Folders of cases; without any, a cache that is there is taken as it is.
    cache : Path
    progress : callable
        Told (case, done, total).

    Raises
    ------
    BadInput
        If there is neither data nor a cache, or the data are no good.
    """
    if not data:
        if plan.phantom_share == 1 and not plan.validation:
            _prepare_atlas(cache / ATLAS, plan.spacing_mm)
        elif not cache.is_dir():
            raise BadInput("No case to train on was given", do="Name their folder with --data")
        return
    from napari_acs.training.prepare import prepare  # noqa: PLC0415  (needs SimpleITK)

    for name, done, total in prepare(
        data, cache, plan.sequences, plan.spacing_mm, phantoms=plan.needs_phantoms
    ):
        progress(name, done, total)


def _prepare_atlas(file: Path, spacing_mm: float) -> None:
    if not file.exists():
        from napari_acs.training.phantom import prepare_atlas  # noqa: PLC0415

        file.parent.mkdir(parents=True, exist_ok=True)
        prepare_atlas(file, spacing_mm)
