"""napari's writer: File > Save Selected Layers, and ``layer.save(path)``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.viewer.masks import mask_from, with_suffix, write_mask


def write_labels_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write one Labels layer (npe2 single-layer writer) as a mask file.

    napari's dialog asks before it hands over the name of an existing file, but a script's
    ``layer.save`` does not, nobody tells a writer which of the two it was, and the dialog has
    not asked about the ``.nii.gz`` that is added to a bare name. So a writer never replaces a
    file; the panel's *Save mask*, which asks itself, does.

    Returns
    -------
    list of str
        The file that was written.

    Raises
    ------
    FileExistsError
        There is such a file; it was left as it is.
    RuntimeError
        The layer was refused, with the sentence of the ``BadInput``. (Of a ``ValueError``,
        which that is, npe2 makes "no plugin could be found to write these layers".)
    """
    from napari import current_viewer  # noqa: PLC0415 (napari is slow)

    viewer = current_viewer()
    images = list(viewer.layers) if viewer is not None else []
    name = str(meta.get("name", "labels"))
    try:
        target = with_suffix(Path(path))
        if target.exists():
            raise FileExistsError(
                f"{target} exists and was left as it is. Save under a new name, or use "
                "'Save mask' in the napari-acs panel, which can replace a file."
            )
        return [str(write_mask(target, mask_from(data, name, meta, images)))]
    except BadInput as refusal:
        raise RuntimeError(refusal.sentence()) from refusal
