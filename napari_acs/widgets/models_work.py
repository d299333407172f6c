"""What the Models dock does in its workers: none of it raises, and none of it knows Qt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.widgets.first_torch import thread_for_torch

if TYPE_CHECKING:
    from napari_acs.widgets.models_actions import Folders, ModelActions
    from napari_acs.widgets.models_rows import ModelRow


@dataclass(frozen=True, eq=False)
class Listing:
    """One look at the store: what it found, and the flag that stops its check of the weights."""

    rows: tuple[ModelRow, ...]
    folders: Folders
    note: str = ""
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True)
class Outcome:
    """What a worker brings back: a value, or the sentence of a refusal."""

    value: Any = None
    refusal: str = ""


@dataclass(frozen=True)
class Answer:
    """A worker's outcome, and whom it is for."""

    outcome: Outcome
    done: Callable[[Outcome], None]


@dataclass(frozen=True)
class Verified:
    """What the check of one model's weights came to; ``why`` is empty where all is well."""

    listing: Listing
    path: Path
    why: str


@dataclass(frozen=True)
class Changed:
    """The store after a change, and what of the change was refused."""

    listing: Listing
    refusals: tuple[str, ...]


def look(actions: ModelActions) -> Listing:
    """Look at the store."""
    models = actions.list()
    return Listing(models.rows, actions.folders(), models.note)


def add_all(actions: ModelActions, paths: Sequence[Path]) -> list[str]:
    """Return the sentence of every refusal."""
    return [said for path in paths if (said := guarded(partial(actions.add, path)).refusal)]


def verify_all(
    verify: Callable[[ModelRow], str], listing: Listing
) -> Generator[Verified, None, Listing]:
    """Check the weights of one model after the other, until the listing's flag is set."""
    with thread_for_torch():
        for row in listing.rows:
            if listing.stop.is_set():
                break
            if not row.broken:
                outcome = guarded(partial(verify, row))
                yield Verified(listing, row.path, outcome.refusal or outcome.value)
    return listing


def answered(work: Callable[[], Any], done: Callable[[Outcome], None]) -> Answer:
    """Do the work for somebody; see `guarded`."""
    return Answer(guarded(work), done)


def guarded(work: Callable[[], Any]) -> Outcome:
    """Do the work; a raising worker ends in a second error under PySide6."""
    try:
        return Outcome(work())
    except BadInput as refusal:
        return Outcome(refusal=refusal.sentence())
    except Exception as error:
        logging.getLogger(__name__).exception("work on the models failed")
        said = f"{type(error).__name__}: {error}".rstrip(". ")
        return Outcome(refusal=f"This stopped by a fault in napari-acs. {said}. Please report it.")
