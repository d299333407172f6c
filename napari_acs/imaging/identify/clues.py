"""What is known of one volume before anybody says which sequence it is."""

from __future__ import annotations

from dataclasses import dataclass

from napari_acs.imaging.dicom.origin import AcquisitionTags
from napari_acs.imaging.volume import Volume


@dataclass(frozen=True, eq=False)
class Clues:
    """The evidence on one volume; whatever there is of it.

    Attributes
    ----------
    name : str
        Of its file or layer; empty where that is no evidence.
    tags : AcquisitionTags, optional
        Of its DICOM series.
    volume : Volume, optional
        Its voxels, for statistics and a classifier.
    """

    name: str = ""
    tags: AcquisitionTags | None = None
    volume: Volume | None = None

    @classmethod
    def of(cls, volume: Volume, name: str = "") -> Clues:
        """Gather what a volume itself knows; the name is that of its file if none is given."""
        # A DICOM series comes from a folder, whose name is seldom that of the sequence.
        own = volume.called("")
        tags = volume.dicom.tags if volume.dicom else None
        return cls(name or own, tags, volume)
