"""Medical Segmentation Decathlon (Task01): one 4D image a case, and ``dataset.json``.

Its values are not BraTS's: Task01 has 1 oedema, 2 non-enhancing and 3 enhancing tumour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.inference.dataset_json import read_dataset_json, scheme_of
from napari_acs.training.layouts.case import TrainingCase, named
from napari_acs.training.layouts.dataset_json import channels_of
from napari_acs.training.layouts.nnunet import is_nnunet
from napari_acs.training.layouts.patients import patient_of, site_of


def is_msd(root: Path) -> bool:
    """Tell whether ``imagesTr`` holds images, and they are not nnU-Net's."""
    images = root / "imagesTr"
    return (
        images.is_dir()
        and any(is_image_name(file.name) for file in images.iterdir())
        and not is_nnunet(root)
    )


def read_msd(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases under ``training``; channels and labels are what ``dataset.json`` says.

    Raises
    ------
    BadInput
        ``dataset.json`` is missing, lists no case, or is not clear about a channel or a label.
    """
    file = root / "dataset.json"
    data = read_dataset_json(file)
    channels = channels_of(data, file)
    scheme = scheme_of(data.get("labels"), file)
    listed = data.get("training")
    if not isinstance(listed, list) or not listed:
        raise BadInput(f"{file} lists no case", expected="images and labels under training")
    cases = []
    for entry in listed:
        image, mask = _files(root, entry, file)
        name = named(strip_suffix(image.name), str(file))
        cases.append(
            TrainingCase(
                name,
                patient_of(name, pattern),
                root,
                sequences=dict.fromkeys(channels, image),
                frames=channels,
                mask=mask,
                scheme=scheme,
                site=site_of(name),
            )
        )
    return tuple(cases)


def _files(root: Path, entry: Any, file: Path) -> tuple[Path, Path | None]:
    if not isinstance(entry, dict) or not isinstance(entry.get("image"), str):
        raise BadInput(
            f"{file}: an entry under training is not clear",
            found=repr(entry)[:80],
            expected="its image and its label",
        )
    mask = entry.get("label")
    return root / entry["image"], root / mask if isinstance(mask, str) else None
