"""Where bundles are looked for: the package, the user's own folder, a lab's shared folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from napari_acs.errors import BadInput
from napari_acs.models.atomic import HIDDEN
from napari_acs.models.description import read_spec
from napari_acs.models.settings import folders_of_the_environment, read_settings
from napari_acs.models.spec import AnySpec
from napari_acs.models.verify import weights_file, why_unverified

__all__ = [
    "BrokenBundle",
    "BundleEntry",
    "bundled_folder",
    "default_bundle",
    "default_bundle_id",
    "find_bundle",
    "list_broken",
    "list_bundles",
    "read_spec",
    "shared_folders",
    "user_folder",
    "why_not_default",
]

DEFAULT_ID = "glioma-unet-acs-mobilenetv2"

Source = Literal["bundled", "user", "shared"]


@dataclass(frozen=True)
class BundleEntry:
    """A bundle that was found complete; its weights have not been hashed yet."""

    spec: AnySpec
    path: Path
    source: Source


@dataclass(frozen=True)
class BrokenBundle:
    """A folder that should be a bundle and is refused.

    Attributes
    ----------
    path : Path
        The folder.
    source : {"bundled", "user", "shared"}
    why : str
        A sentence: what is wrong with it, and what to do.
    id : str
        The one it claims, where that can be read; else empty.
    """

    path: Path
    source: Source
    why: str
    id: str = ""


def bundled_folder() -> Path:
    """Return the folder of the bundles that ship with the package (read-only)."""
    return Path(__file__).parent / "bundled"


def user_folder() -> Path:
    """Return the folder for the user's own bundles; it need not exist.

    Raises
    ------
    BadInput
        If the settings, which may name it, cannot be read.
    """
    chosen = read_settings().models_folder
    return chosen or Path(platformdirs.user_data_dir("napari-acs", appauthor=False)) / "models"


def shared_folders() -> tuple[Path, ...]:
    """Return the read-only folders: of the settings, then of ``NAPARI_ACS_MODELS``."""
    return (*read_settings().shared_folders, *folders_of_the_environment())


def list_bundles() -> list[BundleEntry]:
    """Return every complete bundle: bundled ones first, then the user's, then shared ones.

    Only descriptions are read, not weights. What is left out is in :func:`list_broken`.
    """
    return [found for found in _scan() if isinstance(found, BundleEntry)]


def list_broken() -> list[BrokenBundle]:
    """Return every folder that is refused as a bundle, with the sentence why.

    Half-copied and unreadable ones, ones whose id an earlier source has already, and shared
    folders that are not there. Tampered weights of the right size show only when they are hashed:
    see :func:`napari_acs.models.verify.why_unverified`.
    """
    return [found for found in _scan() if isinstance(found, BrokenBundle)]


def default_bundle_id() -> str:
    """Return the id of the bundle to offer first; see :func:`default_bundle`.

    Raises
    ------
    BadInput
        If there is no bundle that can predict.
    """
    return default_bundle()[0]


def default_bundle() -> tuple[str, str]:
    """Return the id of the bundle to segment with first, and why it is not the settings' one.

    That one is taken where it is there, trained and its weights verified; else the bundled one;
    else the first trained one.

    Returns
    -------
    tuple of (str, str)
        The id, and a sentence, which is empty where nothing speaks against the settings' choice.

    Raises
    ------
    BadInput
        If there is no bundle that can predict.
    """
    trained = [
        entry.spec.id
        for entry in list_bundles()
        if entry.spec.task == "segmentation" and entry.spec.status == "trained"
    ]
    if not trained:
        raise BadInput("no trained model bundle was found", do=f"Put one into {user_folder()}")
    usual = DEFAULT_ID if DEFAULT_ID in trained else trained[0]
    chosen = read_settings().default_model
    if chosen is None:
        return usual, ""
    why = why_not_default(chosen)
    note = f"The default model {chosen!r} cannot be used, {usual!r} is used instead: {why}"
    return (usual, note) if why else (chosen, "")


def why_not_default(id: str) -> str:
    """Return the sentence why a bundle may not be the default; nothing if it may."""
    try:
        folder = find_bundle(id)
        spec = read_spec(folder)
    except BadInput as refusal:
        return refusal.sentence()
    if spec.id != id:
        return f"{id} is a folder: add it first, and name the model by its id."
    if spec.task != "segmentation":
        return f"Model {id!r} classifies: the default is a model that segments."
    if spec.status == "untrained":
        return f"Model {id!r} is not trained yet: see docs/finetuning.md."
    return why_unverified(folder, spec)


def find_bundle(id_or_path: str | Path) -> Path:
    """Return the folder of a bundle given by its id or by its path.

    A plain word is an id first: a folder of that name where a command happens to run does not
    stand in for the model.

    Raises
    ------
    BadInput
        If neither exists, or what has the id is refused, with the sentence why.
    """
    path = Path(id_or_path)
    named = str(id_or_path)
    if path.is_dir() and (isinstance(id_or_path, Path) or path.name != named):
        return path
    found = list(_scan())
    entries = [one for one in found if isinstance(one, BundleEntry)]
    for entry in entries:
        if entry.spec.id == named:
            return entry.path
    for broken in found:
        if isinstance(broken, BrokenBundle) and named in (broken.id, broken.path.name):
            raise BadInput(broken.why)
    if path.is_dir():
        return path
    known = ", ".join(entry.spec.id for entry in entries) or "none"
    raise BadInput(
        f"model {named!r} is not known",
        expected=f"the path of a bundle folder, or one of: {known}",
    )


def _scan() -> Iterator[BundleEntry | BrokenBundle]:
    """Look at every folder of every source; of two with one id the first counts."""
    taken: dict[str, BundleEntry] = {}
    for source, root in _roots():
        try:
            folders = sorted(folder for folder in root.iterdir() if _may_be_bundle(folder))
        except OSError as error:
            if source == "shared":  # the user's own need not exist
                refusal = BadInput(
                    f"the shared models folder {root} cannot be read",
                    found=(error.strerror or str(error)).lower(),
                    do="Connect its disk, or take it out of the settings",
                )
                yield BrokenBundle(root, source, refusal.sentence())
            continue
        for folder in folders:
            found = _looked_at(folder, source)
            if isinstance(found, BundleEntry) and found.spec.id in taken:
                found = _second(found, taken[found.spec.id])
            elif isinstance(found, BundleEntry):
                taken[found.spec.id] = found
            if folder.exists():  # not removed while it was looked at
                yield found


def _roots() -> list[tuple[Source, Path]]:
    """Return each folder of bundles once, be it named twice."""
    roots: list[tuple[Source, Path]] = [("bundled", bundled_folder()), ("user", user_folder())]
    roots += [("shared", folder) for folder in shared_folders()]
    seen: dict[Path, tuple[Source, Path]] = {}
    for source, root in roots:
        seen.setdefault(Path(os.path.realpath(root)), (source, root))
    return list(seen.values())


def _may_be_bundle(folder: Path) -> bool:
    """Tell whether a folder should be a bundle: an empty one may be a copy that was cut short."""
    if folder.name.startswith(HIDDEN) or not folder.is_dir():
        return False
    try:
        inside = list(folder.iterdir())
    except OSError:
        return True
    marks = {"model.json", "card.md"}
    return not inside or any(f.name in marks or f.suffix == ".safetensors" for f in inside)


def _looked_at(folder: Path, source: Source) -> BundleEntry | BrokenBundle:
    named = ""
    try:
        spec = read_spec(folder)
        named = spec.id
        weights_file(folder, spec)
    except BadInput as refusal:
        return BrokenBundle(folder, source, refusal.sentence(), named)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        why = BadInput(
            f"{folder} cannot be read", found=found, do="Check who may read it"
        ).sentence()
        return BrokenBundle(folder, source, why, named)
    return BundleEntry(spec, folder, source)


def _second(late: BundleEntry, first: BundleEntry) -> BrokenBundle:
    """Refuse a bundle that would hide another one, or be hidden by it, without a word."""
    refusal = BadInput(
        f"{late.path} has the id of another model, {late.spec.id!r}, and is left out",
        found=f"the {first.source} one in {first.path}",
        do="Give one of them another id in its model.json, or remove one",
    )
    return BrokenBundle(late.path, late.source, refusal.sentence(), late.spec.id)
