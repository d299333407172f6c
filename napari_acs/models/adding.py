"""Add a bundle to the user's own: it appears complete and verified, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models import store
from napari_acs.models.archive import Files, files_of, is_zip, opened_zip
from napari_acs.models.atomic import folder_appears
from napari_acs.models.bundle import bundle_of
from napari_acs.models.description import MOST_JSON_BYTES
from napari_acs.models.parts import limit, take_one, wanted
from napari_acs.models.spec import AnySpec
from napari_acs.models.store import BundleEntry


def is_bundle(path: Path) -> bool:
    """Tell whether a path is a folder with ``model.json`` in it, or a ``.zip`` of one.

    A ``.zip`` that cannot be opened, or not safely, counts as one, for its refusal.
    """
    if not is_zip(path):
        return (path / "model.json").is_file()
    try:
        with opened_zip(path) as archive:
            return any(name.rsplit("/", 1)[-1] == "model.json" for name in archive.namelist())
    except (BadInput, OSError, ValueError):
        return True


def add_bundle(path: Path) -> BundleEntry:
    """Copy a bundle into the user's folder, once everything in it has been verified.

    Taken are ``model.json``, the weights file that it names, ``card.md`` and licence files
    (``LICENSE*``, ``LICENCE*``, ``NOTICE*``); anything else beside them is left out.

    Parameters
    ----------
    path : Path
        A bundle's folder, or a ``.zip`` of one.

    Raises
    ------
    BadInput
        If it is no bundle; an archive is hostile (see `files_of`); the description, the hash, the
        fit or the values of the weights are not in order; there is a model of that id already; or
        the disk is full. Nothing is left behind.
    """
    if not is_bundle(path):
        container = path.is_dir() or is_zip(path)
        raise BadInput(
            f"{path} is not a model bundle",
            found="no model.json in it" if container else "no folder and no .zip",
            expected="a bundle's folder, or a .zip of one",
            do="See docs/bundle.md",
        )
    with files_of(path) as files:
        spec = _described(files, path)
        target = store.user_folder() / spec.id
        refuse_taken(spec.id)
        with folder_appears(target) as staging:
            _refuse_full(staging, spec.weights.size_bytes)
            with _said_of(path, staging):
                _take(files, spec, staging)
                # What is verified is the copy, which nobody else writes to.
                bundle_of(store.read_spec(staging), staging).network(untrained=True)
    return BundleEntry(spec, target, "user")


def _described(files: Files, path: Path) -> AnySpec:
    """Read the description first: it says which weights to take, and how large they are."""
    with (
        tempfile.TemporaryDirectory(prefix="napari-acs-bundle-") as folder,
        _said_of(path, Path(folder)),
    ):
        take_one(files, "model.json", MOST_JSON_BYTES, Path(folder), path)
        spec = store.read_spec(Path(folder))
    if spec.weights.file not in files.names():
        raise BadInput(
            f"bundle {spec.id!r} in {path} is incomplete",
            found=f"no {spec.weights.file}",
            do="Copy the whole bundle again",
        )
    return spec


@contextmanager
def _said_of(path: Path, copy: Path) -> Iterator[None]:
    """Name the user's file in a refusal, and not the copy of it that was looked at."""
    try:
        yield
    except BadInput as refusal:
        what = refusal.what.replace(f"{copy}{os.sep}", "", 1)
        if what != refusal.what:
            name, _, rest = what.partition(" ")
            what = f"{name} in {path} {rest}"
        elif str(path) not in what:
            what = f"{what} ({path})"
        raise BadInput(
            what, found=refusal.found, expected=refusal.expected, do=refusal.do
        ) from refusal


def _take(files: Files, spec: AnySpec, staging: Path) -> None:
    for name in wanted(files, spec):
        take_one(files, name, limit(name, spec), staging, Path(name))


def refuse_taken(id: str, do: str = "give the new one another id in its model.json") -> None:
    """Refuse an id that a model has, whatever its source: only the first would be seen.

    Raises
    ------
    BadInput
        Naming where it is.
    """
    for entry in store.list_bundles():
        if entry.spec.id == id:
            whole = f"Remove that one first, or {do}" if entry.source == "user" else do
            raise BadInput(
                f"there is a model {id!r} already",
                found=f"the {entry.source} one in {entry.path}",
                do=whole[:1].upper() + whole[1:],
            )


def _refuse_full(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise BadInput(
            f"{folder.parent} has too little room",
            found=f"{free / 2**20:.0f} MiB free",
            expected=f"{size / 2**20:.0f} MiB",
            do="Make room, or choose another models folder",
        )
