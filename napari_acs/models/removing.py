"""Remove one of the user's bundles: it goes in one step, and readers never see half of it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models import store
from napari_acs.models.atomic import HIDDEN
from napari_acs.models.parts import PAPERS
from napari_acs.models.store import BrokenBundle, BundleEntry


def remove_bundle(id: str) -> Path:
    """Remove one of the user's own bundles, or a broken folder among them.

    Parameters
    ----------
    id : str
        Its id; of a broken one, the folder's name will do.

    Returns
    -------
    Path
        The folder that is gone.

    Raises
    ------
    BadInput
        If it is not the user's, holds files that are no part of a bundle, or is in use.
    """
    found = _named(id)
    if found.source != "user":
        raise BadInput(
            f"model {id!r} cannot be removed",
            found=f"a {found.source} one in {found.path}",
            expected=f"one in {store.user_folder()}",
            do="Bundled models go with napari-acs, and shared ones are their owner's",
        )
    _refuse_foreign(found.path)
    try:
        if found.path.is_symlink():
            found.path.unlink()
            return found.path
        # Out of sight in one step; then file by file.
        bin_ = Path(tempfile.mkdtemp(prefix=f"{HIDDEN}removed-", dir=found.path.parent))
        try:
            found.path.replace(bin_ / "bundle")
        finally:
            shutil.rmtree(bin_, ignore_errors=True)
    except OSError as error:
        raise BadInput(
            f"{found.path} cannot be removed",
            found=(error.strerror or str(error)).lower(),
            do="Close what uses it, and check that you may write there",
        ) from error
    return found.path


def _refuse_foreign(folder: Path) -> None:
    """Refuse to delete what is no part of a bundle: it may be somebody's work."""
    for path in [] if folder.is_symlink() else folder.iterdir():
        known = path.name == "model.json" or path.suffix == ".safetensors"
        if path.is_dir() or not (known or PAPERS.fullmatch(path.name)):
            raise BadInput(
                f"{folder} is not removed",
                found=f"{path.name} in it, which is no part of a bundle",
                do="Move that away first",
            )


def _named(id: str) -> BundleEntry | BrokenBundle:
    everything: list[BundleEntry | BrokenBundle] = [*store.list_bundles(), *store.list_broken()]
    matching = [f for f in everything if id in (_id(f), f.path.name)]
    # A broken copy of the user's own, with the id of a bundled one, is what is meant.
    mine = [found for found in matching if found.source == "user"]
    if matching:
        return (mine or matching)[0]
    known = ", ".join(_id(f) for f in everything if f.source == "user") or "none"
    raise BadInput(f"model {id!r} is not known", expected=f"one of your own: {known}")


def _id(found: BundleEntry | BrokenBundle) -> str:
    return found.spec.id if isinstance(found, BundleEntry) else found.id or found.path.name
