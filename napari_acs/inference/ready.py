"""From a study as it is to one that the network was trained on: brain mask and bias field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES
from napari_acs.imaging.bias import correct_bias
from napari_acs.imaging.brain import shows_skull
from napari_acs.imaging.brain_mask import BrainMask, mask_from_labels
from napari_acs.imaging.cancel import ignore, never
from napari_acs.imaging.registration.field_of_view import RESAMPLED
from napari_acs.imaging.strip import strip
from napari_acs.inference.brain_extraction import extract_brain

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.imaging.step import Verdict

_MOVED_MM = 2.0
"""A brain mask that lies further off cuts into the brain."""

AUTO: Literal["auto"] = "auto"
AS_IT_IS: Literal["none"] = "none"


@dataclass(frozen=True)
class Preparation:
    """What is to be done to a study before a network sees it.

    Attributes
    ----------
    brain : {"auto", "none"} or Volume
        ``"auto"`` removes a skull that is there (see `extract_brain`), ``"none"`` leaves the
        images as they are; a label map (any label is brain) is used as the mask.
    bias_correction : bool
        Whether the bias field is corrected by N4.
    """

    brain: Literal["auto", "none"] | Volume = AUTO
    bias_correction: bool = False

    def looks_for_brain(self, study: Study) -> bool:
        """Whether `make_ready` will have to find the brain of a study itself."""
        return isinstance(self.brain, str) and self.brain == AUTO and bool(with_skull(study))

    def steps(self, study: Study) -> int:
        """Return how many steps `make_ready` will take for a study."""
        brain = not isinstance(self.brain, str) or self.looks_for_brain(study)
        return int(brain) + len(study.sequences) * self.bias_correction


@dataclass(frozen=True, eq=False)
class Ready:
    """A study made ready, and the brain mask that was used, if one was."""

    study: Study
    brain: BrainMask | None = None


def with_skull(study: Study) -> tuple[str, ...]:
    """Return the sequences that still show the skull."""
    return tuple(key for key, volume in study.sequences.items() if shows_skull(volume))


def make_ready(
    study: Study,
    wanted: Preparation,
    *,
    device: str,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> Ready:
    """Do what is wanted to a study; one that needs nothing comes back as it is.

    Parameters
    ----------
    study : Study
    wanted : Preparation
    device : str
        Where the brain extraction's network runs.
    cancelled, progress : callable
        Asked whether to stop, and told the finished part, 0 to 1.

    Raises
    ------
    BadInput
        The brain could not be found, or the mask does not fit.
    Cancelled
    """
    steps = wanted.steps(study)
    ready, done = Ready(study), 0

    def tell(part: float) -> None:
        progress((done + part) / steps)

    if not isinstance(wanted.brain, str):
        ready = _stripped(study, _given(wanted.brain, study))
        done += 1
    elif wanted.looks_for_brain(study):
        found = extract_brain(study.sequences, device=device, cancelled=cancelled, progress=tell)
        _refuse_failed(study, found)
        ready = _stripped(study, found)
        done += 1
    if wanted.bias_correction:
        mask = ready.brain.mask if ready.brain else None
        for key, volume in ready.study.sequences.items():
            corrected = correct_bias(volume, mask, cancelled=cancelled)
            sequences = {**ready.study.sequences, key: corrected}
            ready = replace(ready, study=replace(ready.study, sequences=sequences))
            done += 1
            tell(0.0)
    return ready


def _given(labels: Volume, study: Study) -> BrainMask:
    """Take the user's mask; one on another grid may belong to a sequence that was moved since."""
    brain = mask_from_labels(labels, study.grid)
    moved = {key: mm for key, v in study.sequences.items() if (mm := _moved_mm(v)) > _MOVED_MM}
    if not moved or labels.grid.difference(study.grid) is None:
        return brain
    names = " and ".join(f"{TITLES[key]} (by {mm:.0f} mm)" for key, mm in moved.items())
    doubt = (
        f"The mask was made on another grid than the study's, and {names} moved to the study's "
        "since: the mask was not moved with it."
    )
    why = f"{doubt} {brain.step.why}".strip()
    verdict: Verdict = "failed" if brain.step.verdict == "failed" else "look"
    return replace(brain, step=replace(brain.step, verdict=verdict, why=why))


def _moved_mm(volume: Volume) -> float:
    """Return how far an alignment moved what lies in the middle of a volume."""
    middle = np.append(volume.grid.corners().mean(axis=0), 1.0)
    applied = [step.details["matrix"] for step in volume.history if step.name == RESAMPLED]
    moves = (np.array(matrix) @ middle - middle for matrix in applied)
    return max((float(np.linalg.norm(move[:3])) for move in moves), default=0.0)


def _stripped(study: Study, brain: BrainMask) -> Ready:
    return Ready(replace(study, sequences=strip(study.sequences, brain)), brain)


def _refuse_failed(study: Study, brain: BrainMask) -> None:
    """Refuse a brain that the networks did not find; one that the user gave is the user's."""
    if brain.step.verdict == "failed":
        names = ", ".join(TITLES[key] for key in study.sequences)
        raise BadInput(
            f"The brain could not be told from the skull in {names}",
            found=brain.step.why,
            do="Give a brain mask (a Labels layer, or --brain FILE), or skull-strip the study with "
            "another tool",
        )
