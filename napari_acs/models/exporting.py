"""Pack a bundle to be sent: a ``.zip`` that can be added elsewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models import store
from napari_acs.models.archive import files_of
from napari_acs.models.atomic import file_appears
from napari_acs.models.parts import copy_bounded, limit, wanted
from napari_acs.models.verify import verify_weights


def export_bundle(id: str, target: Path) -> Path:
    """Pack a bundle as a ``.zip`` that ``add_bundle`` takes; the same bytes each time.

    Parameters
    ----------
    id : str
        Its id, or its folder's path.
    target : Path
        The ``.zip`` to write.

    Raises
    ------
    BadInput
        If the bundle's weights are not as published, or ``target`` exists, is not named ``.zip``
        or cannot be written; nothing is left behind.
    """
    folder = store.find_bundle(id)
    spec = store.read_spec(folder)
    verify_weights(folder, spec)
    if target.suffix.lower() != ".zip":
        raise BadInput(f"{target} is not named as an archive", expected="a name ending in .zip")
    if not target.absolute().parent.is_dir():
        raise BadInput(f"{target} cannot be written", found="no such folder", do="Make it first")
    with (
        files_of(folder) as files,
        file_appears(target) as staging,
        zipfile.ZipFile(staging, "w", zipfile.ZIP_STORED) as packed,
    ):
        for name in wanted(files, spec):
            entry = zipfile.ZipInfo(f"{spec.id}/{name}")  # of 1980, whenever it is made
            entry.external_attr, entry.create_system = 0o100644 << 16, 3
            with files.open(name) as source, packed.open(entry, "w", force_zip64=True) as out:
                digest = copy_bounded(source, out, limit(name, spec), folder / name)
            if name == spec.weights.file and digest != spec.weights.sha256:
                raise BadInput(f"{folder / name} changed while it was read", do="Try again")
    return target
