"""The brain that phantoms are made from: tissue maps of the MNI152 ICBM 2009a template."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.training.arrays import DAMAGE, write_arrays

from .fields import blur, push_outward

_FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
_MAPS = ("gm", "wm", "csf", "ventricles")
MARGIN_MM = 8.0
"""Empty border kept around the brain, so that a deformed brain still fits."""


@dataclass(frozen=True)
class Atlas:
    """Tissue probabilities of a healthy brain, skull-stripped.

    Parameters
    ----------
    gm, wm, csf : Tensor
        ``(z, y, x)`` probabilities in 0-1, LPS array order (x grows to the patient's left, y to
        the back, z to the top), zero outside the brain. They sum to 1 inside.
    ventricles : Tensor
        ``(z, y, x)``, the part of ``csf`` that lies deep in the brain.
    ventricle_push : Tensor
        ``(3, z, y, x)`` displacement in voxels (z, y, x) that doubles the ventricles' volume to
        first order; scaled, it makes wide and narrow ventricles.
    spacing_mm : float
        Isotropic voxel size.
    """

    gm: Tensor
    wm: Tensor
    csf: Tensor
    ventricles: Tensor
    ventricle_push: Tensor
    spacing_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (z, y, x)."""
        z, y, x = self.gm.shape
        return z, y, x

    def to(self, device: torch.device | str, dtype: torch.dtype = torch.float32) -> Atlas:
        """Return the atlas on another device or in another precision."""
        maps = {k: getattr(self, k).to(device, dtype) for k in (*_MAPS, "ventricle_push")}
        return Atlas(**maps, spacing_mm=self.spacing_mm)


def load_atlas(path: str | Path) -> Atlas:
    """Read the ``.npz`` that `prepare_atlas` wrote. Needs torch and numpy only.

    Raises
    ------
    BadInput
        When the file is missing or is not a phantom atlas.
    """
    try:
        maps, spacing = _read(path)
    except DAMAGE as error:
        raise BadInput(
            f"the phantom atlas {path} cannot be read",
            found=str(error) or type(error).__name__,
            expected=f"an .npz with {', '.join(_MAPS)} and spacing_mm",
            do="Write it with napari_acs.training.phantom.prepare_atlas",
        ) from error
    push = push_outward(blur(maps["ventricles"][None], 2.0 / spacing)[0])
    return Atlas(**maps, ventricle_push=push, spacing_mm=spacing)


def is_atlas(path: str | Path) -> bool:
    """Tell whether an atlas is there and whole."""
    try:
        _read(path)
    except DAMAGE:
        return False
    return True


def _read(path: str | Path) -> tuple[dict[str, Tensor], float]:
    with np.load(path, allow_pickle=False) as archive:
        maps = {k: torch.from_numpy(archive[k].astype(np.float32) / 255) for k in _MAPS}
        return maps, float(archive["spacing_mm"])


def _template_folder() -> Path:
    spec = find_spec("nilearn")
    folder = Path(spec.origin).parent / "datasets" / "data" if spec and spec.origin else None
    if folder is None or not (folder / _FILE.format("t1")).is_file():
        raise BadInput(
            "the MNI152 template was not found",
            found="no nilearn package with the ICBM 2009a files" if folder is None else str(folder),
            expected="the files that the nilearn wheel carries",
            do="Run: pip install nilearn",
        )
    return folder


def _template_maps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read T1, grey and white matter as (z, y, x) in LPS array order, 0-1 float32."""
    import SimpleITK as sitk  # noqa: PLC0415  only the preparation needs it

    folder = _template_folder()
    maps = []
    for kind in ("t1", "gm", "wm"):
        image = sitk.DICOMOrient(sitk.ReadImage(str(folder / _FILE.format(kind))), "LPS")
        maps.append(sitk.GetArrayFromImage(image).astype(np.float32) / 255)
    return maps[0], maps[1], maps[2]


def _cistern(brain: Tensor) -> Tensor:
    """Mark the fluid behind the midbrain, as deep as the ventricles but outside the brain."""
    z, y, x = (torch.arange(n, dtype=torch.float32) for n in brain.shape)
    # MNI152 mm from LPS indices: the template's origin is (-98, -134, -72) in RAS.
    behind = ((98 - y) < -28)[None, :, None]
    middle = ((98 - x).abs() < 13)[None, None, :]
    level = (((z - 72) > -18) & ((z - 72) < 14))[:, None, None]
    return behind & middle & level


def _mean_pool(x: Tensor, spacing: float, shape: tuple[int, int, int]) -> Tensor:
    """Average 1 mm voxels into voxels of ``spacing`` mm (exact overlap along each axis)."""
    matrices = []
    for n_in, n_out in zip(x.shape, shape, strict=True):
        offset = (n_in - n_out * spacing) / 2  # same centre
        low = offset + spacing * torch.arange(n_out)[:, None]
        cell = torch.arange(n_in)[None]
        matrices.append(
            (torch.minimum(low + spacing, cell + 1) - torch.maximum(low, cell)).clamp(0)
        )
    out = x
    for axis, m in enumerate(matrices):
        out = torch.movedim(torch.tensordot(m / spacing, out, dims=([1], [axis])), 0, axis)
    return out


def prepare_atlas(out_npz: str | Path, spacing_mm: float = 2.0) -> Path:
    """Write the tissue maps of the template at a given spacing, cropped to the brain.

    The source is the symmetric ICBM 2009a template that the nilearn wheel carries (1 mm; T1,
    grey and white matter). Its CSF is what is left of the brain, and the ventricles are the CSF
    more than about 15 mm deep, less the cistern behind the midbrain.

    Parameters
    ----------
    out_npz : path
        The file to write; it appears whole, and replaces one that is there.
    spacing_mm : float
        Isotropic voxel size, 1 or more.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    BadInput
        When the template is not installed, or the spacing is under 1 mm.
    """
    if spacing_mm < 1.0:
        raise BadInput("the atlas spacing is too fine", found=f"{spacing_mm} mm", expected=">= 1")
    t1, gm, wm = (torch.from_numpy(m) for m in _template_maps())
    brain = ((t1 > 0) | (gm + wm > 0.5)).float()
    scale = brain / (gm + wm).clamp(min=1.0)
    gm, wm = gm * scale, wm * scale
    csf = brain - gm - wm
    deep = (blur(brain[None], 12.0)[0] > 0.93) & ~_cistern(brain)
    ventricles = csf * deep
    where = brain.nonzero()
    low, high = where.amin(0), where.amax(0) + 1
    margin = round(MARGIN_MM)
    maps = []
    for m in (gm, wm, csf, ventricles):
        box = m[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        maps.append(torch.nn.functional.pad(box, (margin,) * 6))
    size = [int(np.ceil(n / spacing_mm)) for n in maps[0].shape]
    shape = (size[0], size[1], size[2])
    pooled = {
        name: (_mean_pool(m, spacing_mm, shape) * 255).round().byte().numpy()
        for name, m in zip(_MAPS, maps, strict=True)
    }
    out = Path(out_npz)
    write_arrays(out, spacing_mm=np.float64(spacing_mm), **pooled)
    return out
