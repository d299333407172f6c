"""Whose study a DICOM file is of: to make a pseudonym from, and for nothing else."""

from __future__ import annotations

from pathlib import Path


def patient_id(file: Path) -> str:
    """Return the PatientID of a DICOM file, or nothing; it must reach no screen and no report."""
    from pydicom import dcmread  # noqa: PLC0415 (slow to load)

    try:
        dataset = dcmread(file, stop_before_pixels=True, specific_tags=["PatientID"], force=True)
        return str(dataset.get("PatientID") or "").strip()
    except Exception:  # a damaged header: pydicom raises whatever the bytes lead it to
        return ""
