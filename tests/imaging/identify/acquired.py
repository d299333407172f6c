"""DICOM headers as scanners write them, made up."""

from __future__ import annotations

from napari_acs.imaging.dicom.origin import AcquisitionTags


def tags(description="", *, scanning="SE", **more) -> AcquisitionTags:
    return AcquisitionTags(description, modality="MR", scanning_sequence=(scanning,), **more)


def timed(te, tr, ti=None, **more) -> AcquisitionTags:
    return tags(echo_time_ms=te, repetition_time_ms=tr, inversion_time_ms=ti, **more)
