"""Find a case's files again: where they were, or moved together with the session."""

from __future__ import annotations

import os
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.find import find_sequences, nameless_images
from napari_acs.imaging.names import guess_sequence, is_image_name
from napari_acs.review.session.state import Case, SessionState


def study_paths(state: SessionState, case: Case, session: Path) -> Path | dict[str, Path]:
    """Return what `napari_acs.imaging.read_study` takes to read a case.

    Raises
    ------
    BadInput
        A file is in neither place.
    """
    if case.sequences:
        return {
            key: find_file(state, path, session, case.name) for key, path in case.sequences.items()
        }
    return find_file(state, case.path, session, case.name)


def study_files(where: Path | dict[str, Path]) -> list[Path]:
    """Return the files of a study, from what `study_paths` returns.

    Raises
    ------
    BadInput
        No name in the folder says a sequence, or it holds DICOM.
    """
    if isinstance(where, dict):
        return list(where.values())
    return list(find_sequences(where).values()) if where.is_dir() else [where]


def nameless_files(where: Path | dict[str, Path]) -> list[Path]:
    """Return the images of a study of which no name says a sequence.

    Parameters
    ----------
    where : Path or dict of str to Path
        From `study_paths`.
    """
    if isinstance(where, dict):
        return []
    if where.is_dir():
        return nameless_images(where)
    return [where] if is_image_name(where.name) and guess_sequence(where.name) is None else []


def find_file(state: SessionState, path: str, session: Path, name: str) -> Path:
    """Return a path of the session that exists.

    Parameters
    ----------
    state : SessionState
    path : str
        As the session has it.
    session : Path
        Where the review file is now: a folder that moved as a whole is found from there.
    name : str
        The case's, for the refusal.

    Raises
    ------
    BadInput
    """
    places = [Path(path)]
    try:
        way = os.path.relpath(path, state.home)
        places.append(Path(os.path.normpath(session.absolute().parent / way)))
    except ValueError:  # on another drive of Windows
        pass
    found = next((place for place in places if place.exists()), None)
    if found is None:
        looked = [str(place) for place in dict.fromkeys(places)]
        raise BadInput(
            f"The files of {name} are not there",
            found=f"{'neither' if len(looked) > 1 else 'no'} {' nor '.join(looked)}",
            do="Put the disk or the folder back where it was when the session was made",
        )
    return found
