"""Where bundles are looked for: those shipped with the package, then the user's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import ValidationError

from napari_acs.errors import BadInput
from napari_acs.models.spec import FORMAT, BundleSpec

DEFAULT_ID = "glioma-unet-acs-mobilenetv2"


@dataclass(frozen=True)
class BundleEntry:
    """A bundle that was found; its weights have not been looked at yet."""

    spec: BundleSpec
    path: Path
    source: Literal["bundled", "user"]


def bundled_folder() -> Path:
    """Return the folder of the bundles that ship with the package (read-only)."""
    return Path(__file__).parent / "bundled"


def user_folder() -> Path:
    """Return the folder for the user's own bundles; it need not exist."""
    return Path(platformdirs.user_data_dir("napari-acs", appauthor=False)) / "models"


def read_spec(folder: Path) -> BundleSpec:
    """Read and check a bundle's ``model.json``.

    Raises
    ------
    BadInput
        If it is missing, broken or of a version this package does not know.
    """
    file = folder / "model.json"
    if not file.is_file():
        raise BadInput(f"{folder} is not a model bundle", found="no model.json in it")
    try:
        return BundleSpec.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if where == "format":
            raise BadInput(
                f"{file} is of a format this version does not know",
                found=f"format {first['input']}",
                expected=f"format 1 to {FORMAT}",
                do="Update napari-acs, or ask for the bundle in an older format",
            ) from error
        raise BadInput(
            f"{file} is not a valid bundle description",
            found=f"{where or 'the file'}: {first['msg']}",
            do="Mend the file or copy the bundle again",
        ) from error


def list_bundles() -> list[BundleEntry]:
    """Return every readable bundle, bundled ones first; broken folders are left out."""
    return list(_entries())


def default_bundle_id() -> str:
    """Return the id of the bundle to offer first.

    Raises
    ------
    BadInput
        If there is no bundle at all.
    """
    ids = [entry.spec.id for entry in list_bundles()]
    if not ids:
        raise BadInput("no model bundle was found", do=f"Put one into {user_folder()}")
    return DEFAULT_ID if DEFAULT_ID in ids else ids[0]


def find_bundle(id_or_path: str | Path) -> Path:
    """Return the folder of a bundle given by its id or by its path.

    Raises
    ------
    BadInput
        If neither exists.
    """
    path = Path(id_or_path)
    if path.is_dir():
        return path
    entries = list_bundles()
    for entry in entries:
        if entry.spec.id == str(id_or_path):
            return entry.path
    known = ", ".join(entry.spec.id for entry in entries) or "none"
    raise BadInput(
        f"model {str(id_or_path)!r} is not known",
        expected=f"the path of a bundle folder, or one of: {known}",
    )


def _entries() -> Iterator[BundleEntry]:
    sources: tuple[tuple[Literal["bundled", "user"], Path], ...] = (
        ("bundled", bundled_folder()),
        ("user", user_folder()),
    )
    for source, root in sources:
        for folder in sorted(root.iterdir()) if root.is_dir() else ():
            try:
                yield BundleEntry(read_spec(folder), folder, source)
            except BadInput:
                continue
