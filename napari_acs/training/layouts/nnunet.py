"""nnU-Net 1 and 2: ``imagesTr/CASE_0000.nii.gz``, ``labelsTr/CASE.nii.gz``, ``dataset.json``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.inference.dataset_json import read_dataset_json, scheme_of
from napari_acs.training.layouts.case import TrainingCase, named
from napari_acs.training.layouts.dataset_json import channels_of
from napari_acs.training.layouts.patients import patient_of, site_of

_CHANNEL = r"(?P<case>[^.].*)_(?P<channel>\d{4})"


def is_nnunet(root: Path) -> bool:
    """Tell whether ``imagesTr`` holds files that end in a channel's number."""
    images = root / "imagesTr"
    return images.is_dir() and any(
        re.match(_CHANNEL + r"\.", file.name) for file in images.iterdir()
    )


def read_nnunet(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases of ``imagesTr``; channels and labels are what ``dataset.json`` says.

    Raises
    ------
    BadInput
        ``dataset.json`` is missing or not clear about a channel or a label.
    """
    file = root / "dataset.json"
    data = read_dataset_json(file)
    channels = channels_of(data, file)
    scheme = scheme_of(data.get("labels"), file)
    ending = str(data.get("file_ending", ".nii.gz"))
    listed = data.get("dataset")
    if isinstance(listed, dict):  # nnU-Net 2 may name files that lie elsewhere
        files = {name: _listed(root, name, entry, file) for name, entry in listed.items()}
    else:
        files = _found(root, ending)
        if not files:
            there = sorted({"".join(path.suffixes) for path in (root / "imagesTr").iterdir()})
            raise BadInput(
                f"No image of {root / 'imagesTr'} ends as {file.name} says",
                found=f"file_ending {ending}, and files that end in {', '.join(there[:5])}",
                do=f"Correct file_ending in {file}",
            )
    return tuple(
        TrainingCase(
            named(name, str(file)),
            patient_of(name, pattern),
            root,
            sequences={key: by_channel[i] for key, i in channels.items() if i in by_channel},
            mask=mask,
            scheme=scheme,
            site=site_of(name),
        )
        for name, (by_channel, mask) in sorted(files.items())
    )


def _found(root: Path, ending: str) -> dict[str, tuple[dict[int, Path], Path | None]]:
    images: dict[str, dict[int, Path]] = {}
    for path in sorted((root / "imagesTr").iterdir()):
        match = re.fullmatch(_CHANNEL + re.escape(ending), path.name)
        if match:
            images.setdefault(match["case"], {})[int(match["channel"])] = path
    masks = root / "labelsTr"
    if masks.is_dir():  # a mask without images is a case too: one that lacks every sequence
        for path in masks.iterdir():
            if path.name.endswith(ending) and not path.name.startswith("."):
                images.setdefault(path.name.removesuffix(ending), {})
    return {
        name: (by_channel, mask if (mask := masks / f"{name}{ending}").is_file() else None)
        for name, by_channel in images.items()
    }


def _listed(root: Path, name: str, entry: Any, file: Path) -> tuple[dict[int, Path], Path | None]:
    try:
        images = {i: root / image for i, image in enumerate(entry["images"])}
        return images, root / entry["label"]
    except (TypeError, KeyError) as error:
        raise BadInput(
            f"{file}: the entry of {name} under dataset is not clear",
            expected="its images and its label",
        ) from error
