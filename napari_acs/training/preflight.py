"""All that can be said against the data before any training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES
from napari_acs.training.checks.files import look_at
from napari_acs.training.checks.labels import label_faults
from napari_acs.training.checks.names import name_faults
from napari_acs.training.checks.passed_over import passed_over_faults
from napari_acs.training.checks.shared_masks import shared_mask_faults
from napari_acs.training.checks.split import split_faults
from napari_acs.training.checks.together import refuse
from napari_acs.training.layouts import TrainingCase

_THREADS = 4
"""zlib, which takes most of the time, lets go of the interpreter."""


class Plan(Protocol):
    """What is asked of a recipe."""

    @property
    def task(self) -> str:
        """``segmentation`` or ``classification``."""
        ...

    @property
    def sequences(self) -> tuple[str, ...]:
        """The network's channels."""
        ...

    @property
    def exclude(self) -> tuple[str, ...]:
        """Names of cases that take no part."""
        ...


def preflight(
    plan: Plan,
    cases: Sequence[TrainingCase],
    validation_names: Collection[str],
    *,
    may_lack: Collection[str] = (),
    phantoms_only: bool = False,
    needs_mask: bool | None = None,
    tissues: bool = True,
    classes: bool | None = None,
    looked: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Refuse data that cannot be trained on, every fault by name, in one refusal.

    The images' headers are looked at, and their bytes gone through once for damage and NaN; masks
    are read. Images that are alike but not the same are found when they are prepared, see
    `alike.refuse_leaks`.

    Parameters
    ----------
    plan : Plan
        The recipe.
    cases : sequence of TrainingCase
        See `layouts.find_training_cases`.
    validation_names : collection of str
        Of the cases that judge.
    may_lack : collection of str
        Sequences that a case may do without.
    phantoms_only : bool
        Training draws from phantoms alone, so no case need be left to train on.
    needs_mask : bool, optional
        Whether a case without mask is a fault; left out: for segmentation.
    tissues : bool
        Whether masks must tell the parts of a tumour apart.
    classes : bool, optional
        Whether each case must say its class; left out: for classification.
    looked : callable
        Told how many cases were looked at, and of how many; what it raises ends the looking.

    Raises
    ------
    BadInput
        No case; names that are not unique; a folder of images that is taken for no case; a
        sequence or a mask that is missing; a file that is damaged or not finite; a mask on another
        grid, of unknown or unclear labels; one mask for two patients; masks that are all empty; a
        validation case that is absent, or whose patient or images are trained on; nothing to train
        on; for classification, a case without class, or one class only.
    """
    taking_part = [case for case in cases if case.name not in plan.exclude]
    if not taking_part:
        raise BadInput(
            "There is no case to train on",
            found=f"{len(cases)} cases, all excluded" if cases else "no case",
            do="Name their folder with --data",
        )
    segmenting = plan.task == "segmentation"
    needs_mask = segmenting if needs_mask is None else needs_mask
    classes = not segmenting if classes is None else classes
    absent = _lacking_everywhere(plan, taking_part)
    excused = {*may_lack, *absent}
    every = []
    with ThreadPoolExecutor(_THREADS) as threads:
        looking = threads.map(
            lambda case: look_at(case, plan.sequences, excused, needs_mask=needs_mask), taking_part
        )
        try:
            for one in looking:
                every.append(one)
                looked(len(every), len(taking_part))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)  # who stops waits for no other case
            raise
    faults = name_faults(taking_part)
    faults += passed_over_faults(cases, plan.exclude)
    faults += [_no_case_has(key, taking_part) for key in absent]
    faults += [fault for one in every for fault in one.faults]
    values = {
        case.name: one.values
        for case, one in zip(taking_part, every, strict=True)
        if one.values is not None
    }
    faults += shared_mask_faults(taking_part, values)
    if needs_mask:
        faults += label_faults(taking_part, values, tissues=tissues)
    faults += split_faults(
        taking_part, validation_names, classes=classes, phantoms_only=phantoms_only
    )
    refuse(faults)


def _lacking_everywhere(plan: Plan, cases: Sequence[TrainingCase]) -> list[str]:
    """Return what no case has: one fault, and not one a case."""
    return [key for key in plan.sequences if not any(key in case.sequences for case in cases)]


def _no_case_has(key: str, cases: Sequence[TrainingCase]) -> BadInput:
    return BadInput(
        f"No case has {TITLES.get(key, key)}, which the recipe trains on",
        found=f"{len(cases)} cases without it",
        do="Take it out of the recipe's sequences, or check the names of the files",
    )
