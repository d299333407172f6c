"""Which image is which, where nobody said so and the images alone told it."""

from __future__ import annotations

from collections.abc import Mapping

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.names import TITLES

TOPIC = "told"
_BY_THE_IMAGE = {"statistics", "classifier"}


def told_by_images(proposed: Mapping[str, tuple[str, SequenceGuess | None]]) -> CheckLine | None:
    """Return an amber line for sequences that no name or header vouches for.

    Another kind of image, an ADC map for instance, can look like one of the four, and surely so:
    without this line nobody who has no panel before him would see what was taken for what.

    Parameters
    ----------
    proposed : mapping of str to (str, SequenceGuess or None)
        By sequence: what the image is called, and why it was taken for that.

    Returns
    -------
    CheckLine or None
        None where names or headers told them all.
    """
    said = [
        f"{TITLES[key]} is {title} ({guess.confidence:.0%})"
        for key, (title, guess) in proposed.items()
        if guess is not None and guess.evidence in _BY_THE_IMAGE
    ]
    if not said:
        return None
    return CheckLine(
        TOPIC,
        "amber",
        "The images alone told which sequence is which",
        "; ".join(said),
        "Look at them: a map or another kind of scan can look like one of the four. Name the files "
        "by their sequence, or say which is which (--t1, --t1ce, --t2, --flair)",
    )
