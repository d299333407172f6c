"""The labels of a ``dataset.json``, as nnU-Net and the Medical Segmentation Decathlon write it.

It may lie beside any cases, to say what the values of their masks mean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.inference.label_scheme import LabelScheme, scheme_of_names


def read_dataset_json(file: Path) -> dict[str, Any]:
    """Return what the file holds.

    Raises
    ------
    BadInput
        It is missing, or no JSON object.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadInput(
            f"{file.parent} has no dataset.json",
            expected="one that names the channels and the labels",
            do="Copy it there",
        ) from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read as JSON", found=str(error)) from error
    if not isinstance(data, dict):
        raise BadInput(f"{file} is no dataset.json", found=f"a {type(data).__name__}")
    return data


def labels_of(file: Path) -> LabelScheme | None:
    """Return what a ``dataset.json`` says of its labels; None without a file or without labels.

    Raises
    ------
    BadInput
        It says something that is not clear; see `scheme_of_names`.
    """
    if not file.is_file():
        return None
    named = read_dataset_json(file).get("labels")
    return scheme_of(named, file) if named else None


def scheme_of(named: Any, file: Path) -> LabelScheme:
    """Return the scheme under ``labels``: value to name (nnU-Net 1, MSD) or the other way.

    Raises
    ------
    BadInput
        There is none, or it is not clear.
    """
    if not isinstance(named, dict) or not named:
        raise BadInput(f"{file} names no labels", expected="them under labels")
    if "ignore" in named or "ignore" in named.values():
        raise BadInput(
            f"{file} has a label called ignore",
            found="masks that leave part of the voxels open",
            expected="masks that say of every voxel what it is",
            do="Leave this data set out",
        )
    by_name: dict[str, list[int]] = {}
    for key, value in named.items():
        name, values = (value, key) if str(key).isdigit() else (key, value)
        try:
            numbers = [int(v) for v in (values if isinstance(values, list) else [values])]
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"{file}: the label {key} has no value", found=repr(value), expected="whole numbers"
            ) from error
        by_name.setdefault(str(name), []).extend(numbers)
    return scheme_of_names(by_name, str(file))
