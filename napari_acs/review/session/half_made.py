"""The files of several raters take their places together, or what is left of that can be finished.

A kill between two of them would leave one rater's file, and no way to make the others of the same
session. So before the first one a note lies beside them that says which drafts are to become which
files; whoever asks for one of these files finishes the rest.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.lock import session_lock
from napari_acs.review.session.place import BESIDE, SUFFIX, holds_work, sync_folder, take_place

_END = ".making"
_DRAFT = re.compile(rf"\.[0-9a-f]{{32}}{re.escape(SUFFIX)}")


@dataclass(frozen=True)
class _Note:
    """A set of files that was being made; paths are names in its folder."""

    path: Path
    drafts: Mapping[str, str]
    replaced: Mapping[str, Any]

    def place(self, name: str) -> Path:
        return self.path.with_name(name)


def take_places(drafts: Mapping[Path, Path], overwrite: bool) -> None:
    """Give the finished drafts of a session their names; the caller holds the locks of all.

    Parameters
    ----------
    drafts : mapping of Path to Path
        By the file that each is to be.
    overwrite : bool

    Raises
    ------
    BadInput
        See `place.take_place`; where nothing is replaced, none is left.
    """
    for old in _notes(drafts):
        _forget(old)
    note = _write_note(drafts, overwrite) if len(drafts) > 1 else None
    placed: list[Path] = []
    try:
        for path, draft in drafts.items():
            take_place(draft, path, overwrite)
            placed.append(path)
            remove_draft(draft)
    except BaseException:
        for path in placed if not overwrite else ():  # one rater's file alone is no session
            path.unlink(missing_ok=True)
        raise
    finally:
        for draft in drafts.values():
            remove_draft(draft)
        if note is not None:
            note.unlink(missing_ok=True)


def finish(paths: Collection[Path]) -> list[Path]:
    """Finish the sets of files that some paths belong to, where their making was killed.

    What has been replaced or worked on since is left as it is.

    Returns
    -------
    list of Path
        All files of these sets that are there now; empty where there was nothing to finish, or
        where another program is at it.
    """
    found: list[Path] = []
    for note in _notes(paths):
        places = [note.place(name) for name in note.drafts]
        # Busy: they are being made just now. Otherwise: what asks says what is wrong with the disk.
        with suppress(BadInput), ExitStack() as locks:
            for place in places:
                locks.enter_context(session_lock(place, "making it anew"))
            for name, draft in note.drafts.items():
                _finish(note, name, note.place(draft))
            note.path.unlink(missing_ok=True)
            found += [place for place in places if place.is_file()]
    return found


def refuse_half(paths: Collection[Path]) -> None:
    """Finish what was half made under some names, and refuse to make them anew unasked.

    Raises
    ------
    BadInput
        There was such a set.
    """
    found = finish(paths)
    if found:
        names = ", ".join(path.name for path in found)
        raise BadInput(
            f"{found[0]} is there already",
            found="a session whose making was stopped before all of its files had their names; "
            f"they have them now: {names}",
            do="Go on with these, or have them replaced",
        )


def sweep(paths: Collection[Path]) -> None:
    """Remove what killed makings have left in the folders of some files, and no note tells of.

    A draft that is being written is locked.
    """
    for folder in {path.absolute().parent for path in paths}:
        kept = {draft for note in _notes_in(folder) for draft in note.drafts.values()}
        with suppress(OSError):
            for left in folder.glob(f".*{SUFFIX}"):
                if _DRAFT.fullmatch(left.name) and left.name not in kept:
                    with suppress(BadInput), session_lock(left, "removing it"):
                        remove_draft(left)


def remove_draft(draft: Path) -> None:
    """Remove a draft, if it is there, and what SQLite has put beside it."""
    for left in (draft, *(draft.with_name(draft.name + end) for end in BESIDE)):
        with suppress(OSError):
            left.unlink(missing_ok=True)


def _forget(note: _Note) -> None:
    """Drop a set that was half made, of which a part is made anew."""
    for draft in note.drafts.values():
        remove_draft(note.place(draft))
    note.path.unlink(missing_ok=True)


def _finish(note: _Note, name: str, draft: Path) -> None:
    place = note.place(name)
    # A second name of the file: it had its place, from where somebody may have moved it.
    if draft.is_file() and draft.stat().st_nlink == 1:
        old = note.replaced.get(name)
        if not os.path.lexists(place):
            take_place(draft, place, overwrite=False)
        elif old is not None and old == _stamp(place):
            take_place(draft, place, overwrite=True)
    remove_draft(draft)


def _stamp(path: Path) -> list[int] | None:
    """Return what changes when a session is worked on; None where there is none."""
    if not path.is_file() or holds_work(path):
        return None
    said = path.stat()
    return [said.st_ino, said.st_size, said.st_mtime_ns]


def _write_note(drafts: Mapping[Path, Path], overwrite: bool) -> Path | None:
    folder = next(iter(drafts)).absolute().parent
    if any(path.absolute().parent != folder for path in drafts):
        return None  # of several folders no note says all
    first = next(iter(drafts.values()))
    text = json.dumps(
        {
            "drafts": {path.name: draft.name for path, draft in drafts.items()},
            "replaced": {path.name: _stamp(path) for path in drafts} if overwrite else {},
        }
    )
    note = folder / f"{first.name}{_END}"
    half = note.with_name(f"{note.name}.half")
    with speaking(next(iter(drafts)), "cannot be written"):
        try:
            with half.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            half.replace(note)
        finally:
            half.unlink(missing_ok=True)
        sync_folder(folder)
    return note


def _notes(paths: Collection[Path]) -> Iterator[_Note]:
    """Go through the notes that name one of some files."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        names.setdefault(path.absolute().parent, set()).add(path.name)
    for folder, wanted in names.items():
        yield from (note for note in _notes_in(folder) if wanted & set(note.drafts))


def _notes_in(folder: Path) -> Iterator[_Note]:
    for path in sorted(folder.glob(f".*{_END}")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            said = json.loads(path.read_text(encoding="utf-8"))
            drafts = {Path(str(k)).name: Path(str(v)).name for k, v in said["drafts"].items()}
            yield _Note(path, drafts, dict(said["replaced"]))
