"""A NIfTI header that does not say where its voxels are, nor which side is left."""

from __future__ import annotations

from napari_acs.errors import BadInput
from napari_acs.imaging.nifti import header_of
from napari_acs.imaging.volume import Volume


def says_no_place(volume: Volume) -> bool:
    """Tell whether a volume's file has neither a qform nor an sform: both codes are 0.

    Programs guess then, and not the same: ITK that the first two axes run to the patient's left
    and back, nibabel to the left and front. Converters of Analyze files write such headers, and
    whether left and right were swapped nobody can tell from the file.

    Parameters
    ----------
    volume : Volume
        Its file is opened once more, for the header; one that has gone says nothing.
    """
    source = volume.source
    if source is None or volume.history or not source.name.lower().endswith((".nii", ".nii.gz")):
        return False
    try:
        return max(header_of(source).codes) <= 0
    except (OSError, EOFError, BadInput):
        return False
