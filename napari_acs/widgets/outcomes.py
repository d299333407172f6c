"""What is said of jobs that ended: one sentence each, kept until the panel was idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.inference.messages import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.inference.messages import Result
    from napari_acs.widgets.asked import Asked

_URGENCY = ("done", "note", "refusal")


class Outcomes:
    """The outcomes since the panel was idle: of a queue none may hide the one before."""

    def __init__(self) -> None:
        self._said: list[tuple[str, str]] = []

    def __bool__(self) -> bool:
        return bool(self._said)

    def add(self, sentence: str, kind: str) -> None:
        """Add an outcome; ``kind`` is as of `MessageBox.say`."""
        self._said.append((sentence, kind))

    def clear(self) -> None:
        """Forget them: something new begins."""
        self._said.clear()

    def with_more(self, sentence: str, kind: str) -> tuple[str, str]:
        """Return all of them and one more sentence, a line each, and the most urgent kind."""
        said = [*self._said, *([(sentence, kind)] if sentence else [])]
        kinds = [kind for _, kind in said]
        return "\n".join(text for text, _ in said), max(kinds, key=_URGENCY.index, default="note")


def sentence_on(
    asked: Asked, result: Result, seconds: float, hidden: str, earlier: Sequence[str] = ()
) -> tuple[str, str]:
    """Return what is said of a result, and of which kind it is.

    Parameters
    ----------
    asked : Asked
        What the result answers.
    result : Result
    seconds : float
        How long it took.
    hidden : str
        Name of the mask's layer where it is not shown, else empty.
    earlier : sequence of str
        Names of earlier masks that were hidden for it.
    """
    notes = [*asked.request.study.notes, *result.notes]
    if changed := asked.changed():
        named = ", ".join(map(repr, changed))
        which = f"layer {named} was" if len(changed) == 1 else f"layers {named} were"
        notes.append(f"The {which} changed after the click: the mask is of what was there then.")
    if hidden:
        notes.append(f"The mask is the layer {hidden!r}, hidden while another study is shown.")
    kind = "note" if notes else "done"
    if earlier:
        named = " and ".join(map(repr, earlier))
        stay = (
            f"mask {named} stays as it was"
            if len(earlier) == 1
            else f"masks {named} stay as they were"
        )
        notes.append(f"The earlier {stay}, hidden: what is painted there is not in this one.")
    return " ".join((f"Done in {seconds:.0f} s.", *notes)), kind


def fault_of_showing(error: Exception) -> Failure:
    """Return the message of a result that was computed and could not be put on screen."""
    return Failure(
        what="The result could not be shown, by a fault in napari-acs",
        why=f"{type(error).__name__}: {error}",
        do="Your layers are as they were; please report it with the steps that led here",
        kind="internal",
    )
