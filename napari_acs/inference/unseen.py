"""Where a model sees nothing, and can find nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.ndimage import binary_dilation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging import ModelSpaceImage


def unseen_of(image: ModelSpaceImage) -> NDArray[np.bool_] | None:
    """Return where an image is empty in every channel, beyond the brain and one voxel round it.

    A network fills the air with tumour now and then: of 26 cases under cross-validation, the
    accurate bundle did so in 14, in up to 431 voxels of 2 mm. The voxel round the brain stays, so
    that nothing is taken from a tumour at the surface when maps are interpolated.

    Parameters
    ----------
    image : ModelSpaceImage

    Returns
    -------
    ndarray of bool, shape (z, y, x), or None
        None where the background is not 0 (of models that were trained on shifted intensities).
    """
    if image.background:
        return None
    near: NDArray[np.bool_] = binary_dilation(image.brain)
    return ~near
