"""Whose study a DICOM file is of: to make a pseudonym from, and for nothing else."""

from __future__ import annotations

from pathlib import Path


def patient_id(file: Path) -> str:
    """Return the PatientID of a DICOM file, or nothing; it must reach no screen and no report."""
    return _text(file, "PatientID")


def study_uid(file: Path) -> str:
    """Return the StudyInstanceUID of a DICOM file, or nothing."""
    return _text(file, "StudyInstanceUID")


def _text(file: Path, tag: str) -> str:
    from pydicom import dcmread  # noqa: PLC0415 (slow to load)

    try:
        dataset = dcmread(file, stop_before_pixels=True, specific_tags=[tag], force=True)
        return str(dataset.get(tag) or "").strip()
    except Exception:  # a damaged header: pydicom raises whatever the bytes lead it to
        return ""
