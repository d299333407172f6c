"""The whole pre-flight check of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from napari_acs.imaging.check.coverage import coverage
from napari_acs.imaging.check.duplicates import duplicates
from napari_acs.imaging.check.geometry import geometry
from napari_acs.imaging.check.grids import grids
from napari_acs.imaging.check.intensities import intensities
from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.model import model
from napari_acs.imaging.check.needs import Needs
from napari_acs.imaging.check.sequences import sequences
from napari_acs.imaging.check.sides import sides
from napari_acs.imaging.check.skull import skull
from napari_acs.imaging.check.spacing import spacing
from napari_acs.imaging.check.subject import Brain, Subject, subject
from napari_acs.imaging.coarse import Coarse
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.volume import Volume

_CHECKS: tuple[tuple[str, Callable[[Subject], CheckLine]], ...] = (
    ("geometry", geometry),
    ("grids", grids),
    ("spacing", spacing),
    ("coverage", coverage),
    ("sides", sides),
    ("skull", skull),
    ("sequences", sequences),
    ("duplicates", duplicates),
    ("intensities", intensities),
    ("model", model),
)

TOPICS = tuple(topic for topic, _ in _CHECKS)
"""The topics, in the order in which their lines come."""


def check_study(
    name: str,
    volumes: Mapping[str, Volume],
    needs: Needs | None = None,
    guesses: Mapping[str, SequenceGuess] | None = None,
    *,
    seen: Mapping[str, Coarse | None] | None = None,
    brain: Brain = "none",
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[CheckLine, ...]:
    """Say what is wrong with a study before anything is predicted.

    Parameters
    ----------
    name : str
        What to call the study.
    volumes : mapping of str to Volume
        By sequence. Unlike those of a `Study` they may lie on different grids and be wrong in
        any way: that makes a line red, and raises nothing.
    needs : Needs, optional
        Of the model that was chosen.
    guesses : mapping of str to SequenceGuess, optional
        What `napari_acs.imaging.identify.identify` says of each (with ``statistics=True``);
        without it, the images alone are held against the keys of ``volumes``.
    seen : mapping of str to Coarse or None, optional
        Coarse copies of the volumes, where the caller has them.
    brain : {"none", "auto", "mask"}
        What will be done about a skull before the model sees the study: nothing, it is found and
        removed, or a brain mask is there.
    cancelled : callable, optional
        Asked between two lines; when it says True, the lines so far are returned.

    Returns
    -------
    tuple of CheckLine
        One for each of `TOPICS`, in that order.
    """
    lines: list[CheckLine] = []
    if cancelled():
        return ()
    study = subject(name, volumes, needs, guesses, seen, brain)
    for topic, check in _CHECKS:
        if cancelled():
            break
        lines.append(_guarded(topic, check, study))
    return tuple(lines)


def _guarded(topic: str, check: Callable[[Subject], CheckLine], study: Subject) -> CheckLine:
    """Run one check; what it stumbles over is a red line, for nobody has seen that it is well."""
    try:
        return check(study)
    except Exception as error:
        return CheckLine(
            topic,
            "red",
            "This could not be checked",
            f"{type(error).__name__}: {error}",
            "Look at the images yourself, and please report this",
        )
