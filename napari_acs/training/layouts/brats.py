"""BraTS: one folder a case, which holds its sequences and its mask."""

from __future__ import annotations

from pathlib import Path

from napari_acs.imaging import find_sequences, guess_sequence
from napari_acs.imaging.names import is_image_name
from napari_acs.inference.dataset_json import labels_of
from napari_acs.inference.label_scheme import scheme_of_file_name
from napari_acs.inference.reference import GRADES, find_mask, is_mask_file
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.patients import names_of_other_years, patient_of, site_of


def is_brats(root: Path) -> bool:
    """Tell whether a folder holds folders with sequences or masks, told by their names."""
    return any(map(is_case, _folders(root)))


def read_brats(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases of a BraTS folder; ``HGG`` and ``LGG`` inside it become the class.

    Names since 2023 say what the values of a mask mean, and so does a ``dataset.json`` beside the
    cases; otherwise the values decide. Folders without an image are passed over.

    Raises
    ------
    BadInput
        A folder with two masks, or two files for one sequence.
    """
    stated = labels_of(root / "dataset.json")
    renamed = names_of_other_years(root)
    cases = []
    for folder in filter(is_case, _folders(root)):
        name = folder.name
        older, grade = renamed.get(name, (name, ""))
        if folder.parent != root:
            grade = folder.parent.name
        images = [file for file in folder.iterdir() if is_image_name(file.name)]
        mask = find_mask(folder) if any(is_mask_file(file) for file in images) else None
        named = any(guess_sequence(file.name) for file in images)
        cases.append(
            TrainingCase(
                name,
                patient_of(name if pattern else older, pattern),
                root,
                sequences=find_sequences(folder) if named else {},
                folder=folder,
                mask=mask,
                scheme=stated or (scheme_of_file_name(name) if mask else None),
                site=site_of(older),
                label=grade or None,
            )
        )
    return tuple(cases)


def _folders(root: Path) -> list[Path]:
    grades = [root / grade for grade in GRADES if (root / grade).is_dir()]
    return sorted(path for place in grades or [root] for path in place.iterdir() if path.is_dir())


def is_case(folder: Path) -> bool:
    """Tell whether a folder itself holds a sequence or a mask, told by the names of its files."""
    return any(
        is_image_name(file.name) and (guess_sequence(file.name) or is_mask_file(file))
        for file in folder.iterdir()
    )
