"""napari's writer: File > Save Selected Layers, and ``layer.save(path)``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.viewer.info import OVERLAY, info_in
from napari_acs.viewer.masks import SUFFIXES, mask_from, with_suffix, write_mask

if TYPE_CHECKING:
    from napari.layers import Layer


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
    name = str(meta.get("name", "labels"))
    try:
        target = with_suffix(Path(path))
        if target.exists():
            raise FileExistsError(
                f"{target} exists and was left as it is. Save under a new name, or use "
                "'Save mask' in the napari-acs panel, which can replace a file."
            )
        return [str(write_mask(target, mask_from(data, name, meta, _open_images())))]
    except BadInput as refusal:
        raise RuntimeError(refusal.sentence()) from refusal


def write_masks(path: str, layers: list[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Write each of several Labels layers to a file of its own (npe2 multi-layer writer).

    Without it napari's dialog has nothing for two masks but TIFF files, which hold neither spacing
    nor directions. It is no writer of images: it would be the first choice of *Save All Layers*,
    and leave most of them out. Brain masks and overlays are left out, which is said.

    Parameters
    ----------
    path : str
        ``p.nii.gz`` gives ``p_<layer>.nii.gz`` for each mask.
    layers : list of (data, attributes, type)

    Returns
    -------
    list of str
        The files that were written.

    Raises
    ------
    FileExistsError
        One of the files is there; none was written.
    RuntimeError
        A mask was refused, before any was written; or a file could not be written.
    """
    from napari.utils.notifications import show_info  # noqa: PLC0415 (napari is slow)

    images, masks, left = _open_images(), [], []
    try:
        target = with_suffix(Path(path))
        suffix = next(each for each in SUFFIXES if target.name.lower().endswith(each))
        for data, meta, _ in layers:
            name = str(meta.get("name", "labels"))
            role = info.role if (info := info_in(meta.get("metadata", {}))) is not None else ""
            if not role and OVERLAY not in meta.get("metadata", {}):
                masks.append(mask_from(data, name, meta, images))
            else:
                left.append(name)
        if not masks:
            raise BadInput("There is no tumour mask among the layers", do="Choose the masks")
        files = _files_for(target, suffix, [mask.name for mask in masks])
        there = next((file for file in files if file.exists()), None)
        if there is not None:
            raise FileExistsError(f"{there} exists. Nothing was saved: choose a new name.")
        written = [str(write_mask(file, mask)) for file, mask in zip(files, masks, strict=True)]
    except BadInput as refusal:
        raise RuntimeError(refusal.sentence()) from refusal
    if left:
        show_info(f"Tumour masks alone were saved ({len(written)}), not {', '.join(left)}.")
    return written


def _files_for(target: Path, suffix: str, names: list[str]) -> list[Path]:
    stem = target.name[: -len(suffix)]
    plain = ["".join(c if c.isalnum() or c in "-_." else "_" for c in name) for name in names]
    ends = [end if plain.index(end) == at else f"{end}_{at + 1}" for at, end in enumerate(plain)]
    return [target.with_name(f"{stem}_{end}{suffix}") for end in ends]


def _open_images() -> list[Layer]:
    from napari import current_viewer  # noqa: PLC0415 (napari is slow)

    viewer = current_viewer()
    return list(viewer.layers) if viewer is not None else []
