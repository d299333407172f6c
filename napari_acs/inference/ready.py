"""From a study as it is to one that the network was trained on: brain mask and bias field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES
from napari_acs.imaging.bias import correct_bias
from napari_acs.imaging.brain import shows_skull
from napari_acs.imaging.brain_mask import BrainMask, mask_from_labels
from napari_acs.imaging.cancel import ignore, never
from napari_acs.imaging.strip import strip
from napari_acs.inference.brain_extraction import extract_brain

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume

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

    def steps(self, study: Study) -> int:
        """Return how many steps `make_ready` will take for a study."""
        brain = not isinstance(self.brain, str) or (self.brain == AUTO and bool(with_skull(study)))
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
        ready = _stripped(study, mask_from_labels(wanted.brain, study.grid))
        done += 1
    elif wanted.brain == AUTO and with_skull(study):
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
