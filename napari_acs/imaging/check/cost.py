"""What it costs a model to do without some sequences, in the figures that its card states."""

from __future__ import annotations

from collections.abc import Collection

from napari_acs.imaging.check.needs import Needs
from napari_acs.imaging.check.subject import titles

NOT_STATED = "the model's card does not say what that costs"


def cost_of(needs: Needs, there: Collection[str]) -> str:
    """Say what a model loses with these sequences alone, as half a sentence.

    Parameters
    ----------
    needs : Needs
        Of the model, with the figures of its card.
    there : collection of str
        The sequences that the study has.

    Returns
    -------
    str
        Such as "on the model's own 5 validation cases mean Dice was WT 0.71 instead of 0.89"; empty
        where nothing is missing.
    """
    used = [key for key in needs.channels if key in there]
    if len(used) == len(needs.channels):
        return ""
    full = needs.costs.get("+".join(needs.channels), {})
    less = needs.costs.get("+".join(used), {})
    regions = [name for name in full if name in less]
    if not regions:
        return NOT_STATED
    figures = ", ".join(f"{name} {_changed(less[name], full[name])}" for name in regions)
    cases = f"{needs.cost_cases} " if needs.cost_cases else ""
    return f"on the model's own {cases}validation cases mean Dice was {figures}"


def missing_of(needs: Needs, there: Collection[str]) -> list[str]:
    """Return the sequences of a model that a study does not have, in the model's order."""
    return [key for key in needs.channels if key not in there]


def said_of_missing(needs: Needs, there: Collection[str]) -> str:
    """Say which sequences are missing and what that costs; empty where none is."""
    missing = missing_of(needs, there)
    return f"{titles(missing)} missing: {cost_of(needs, there)}" if missing else ""


def _changed(less: float, full: float) -> str:
    return f"{less:.2f} instead of {full:.2f}" if f"{less:.2f}" != f"{full:.2f}" else f"{less:.2f}"
