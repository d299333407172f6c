"""What a job says to people: its notes, and its failures."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from numpy.typing import NDArray

from napari_acs.imaging.check.cost import said_of_missing
from napari_acs.inference import memory
from napari_acs.inference.emptiness import how_near
from napari_acs.inference.messages import Failure
from napari_acs.models.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    import numpy as np

    from napari_acs.errors import BadInput
    from napari_acs.imaging.brain_mask import BrainMask
    from napari_acs.imaging.check.needs import Needs
    from napari_acs.inference.cleaning import GivenUp
    from napari_acs.inference.messages import Nearest
    from napari_acs.models.spec import Region


def notes_on(
    brain: BrainMask | None,
    with_skull: Sequence[str],
    missing: Sequence[str],
    needs: Needs | None = None,
) -> tuple[str, ...]:
    """Return what is worth saying beside a mask.

    Parameters
    ----------
    brain : BrainMask or None
        What was cut out first.
    with_skull, missing : sequence of str
        Sequences that the network saw with their skull, and that it lacked.
    needs : Needs, optional
        Of the model, with what its card says that missing sequences cost.
    """
    notes = []
    if brain:
        notes.append(_about(brain))
    if with_skull:
        notes.append(
            f"{', '.join(with_skull)} still shows the skull, and the model was trained "
            "on skull-stripped brains: do not trust this mask. Skull-strip the study first."
        )
    if missing:
        cost = f"{_about_missing(missing, needs)}. Check" if needs else None
        without = cost or f"Segmented without {', '.join(missing)}: check"
        notes.append(f"{without} the mask with more care.")
    return tuple(notes)


def nothing_found(
    study: str,
    regions: Sequence[Region],
    peaks: NDArray[np.float32],
    missing: Sequence[str],
    with_skull: Sequence[str],
    *,
    nearest: Sequence[Nearest] = (),
    needs: Needs | None = None,
    given_up: Sequence[GivenUp] = (),
) -> Failure:
    """Return the ``Failure`` of a prediction without a single label.

    Parameters
    ----------
    study : str
        Its name.
    regions : sequence of Region
    peaks : ndarray of float32
        The highest probability of each region.
    missing, with_skull, needs
        As for `notes_on`.
    nearest : sequence of Nearest, optional
        The places of the peaks, outermost region first; they go with the failure.
    given_up : sequence of GivenUp, optional
        What was found and was too small.
    """
    highest = ", ".join(f"{r.name} {p:.2f}" for r, p in zip(regions, peaks, strict=True))
    why = how_near(nearest) or (
        f"The highest probability of each region was {highest} "
        f"({regions[0].name} needs {regions[0].threshold:g})"
    )
    for each in given_up:
        why += f". Something was found: {each.sentence(()).rstrip('.')}"
    if missing:
        lacks = f"The study has no {', '.join(missing)}"
        why += f". {_about_missing(missing, needs) if needs else lacks}"
    if with_skull:
        why += f". {', '.join(with_skull)} still shows the skull"
    do = "Check that each sequence is chosen rightly and skull-stripped"
    return Failure(
        f"The model found no tumour in {study!r}",
        why,
        f"{do}, and add a missing one if you have it" if missing else do,
        "empty",
        nearest=tuple(nearest),
    )


def failure_of(refusal: BadInput) -> Failure:
    """Return the ``Failure`` that says what a ``BadInput`` says."""
    facts = [f"found {refusal.found}"] if refusal.found else []
    facts += [f"expected {refusal.expected}"] if refusal.expected else []
    why = "; ".join(facts)
    return Failure(refusal.what, why[:1].upper() + why[1:], refusal.do, "input")


def failure_of_error(error: Exception, work: str = "The segmentation") -> Failure:
    """Return the ``Failure`` of an exception that nobody foresaw; want of memory is told apart."""
    if is_out_of_memory(error):
        place = "on the GPU" if isinstance(error, torch.OutOfMemoryError) else "in main memory"
        return memory.not_enough(f"it ran out {place} during the work", place)
    return Failure(
        f"{work} stopped by a fault in napari-acs",
        f"{type(error).__name__}: {error}",
        "Please report it with the steps that led here; nothing was changed",
        "internal",
        detail="".join(traceback.format_exception(error)),
    )


def _about(brain: BrainMask) -> str:
    said = f"The brain was cut out first ({brain.step.method}, {brain.volume_ml:.0f} ml)"
    if brain.step.verdict == "good":
        return f"{said}."
    return f"{said}; look at the brain mask: {brain.step.why.rstrip('. ')}."


def _about_missing(missing: Sequence[str], needs: Needs) -> str:
    return said_of_missing(needs, [key for key in needs.channels if key not in missing])
