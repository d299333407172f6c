"""Make the sample study that ships with the package: a digital phantom, not a patient.

    python scripts/make_sample.py [--out DIR] [--seed N]

The same library versions give the same files, byte for byte: the phantom is drawn on one thread
in double precision, so that rounding to whole numbers does not depend on the processor.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import torch

from napari_acs.training.phantom import (
    Phantom,
    PhantomOptions,
    generate,
    load_atlas,
    prepare_atlas,
)

HOME = Path(__file__).resolve().parents[1] / "napari_acs" / "sample"
SEQUENCES = ("t1", "t1ce", "t2", "flair")
SEED = 2016
# A plain case for a first look: one focus in one hemisphere, ring enhancement, mass effect.
OPTIONS = PhantomOptions(
    healthy=0.0,
    random_contrast=0.0,
    diameter_mm=(34.0, 41.0),
    oedema_mm=(8.0, 13.0),
    ring=1.0,
    solid=0.0,
    tiny=0.0,
    none=0.0,
    multifocal=0.0,
    displacement=(1.2, 1.8),
    lateral_mm=(24.0, 45.0),
    degrade=0.0,
    noise=(0.01, 0.02),
)
ORIGIN_RAS_MM = (-79.5, -114.25, -70.75)
# Steps of a third of the noise or so: finer ones would only store noise.
BRIGHTEST = 500
DESCRIPTION = "DIGITAL PHANTOM not a patient; MNI152 ICBM 2009a (c) Louis Collins, MNI"


def draw(seed: int) -> Phantom:
    """Draw the phantom at 1 mm, from the template of the installed nilearn."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            atlas = load_atlas(prepare_atlas(Path(folder) / "atlas.npz", 1.0))
        rng = torch.Generator().manual_seed(seed)
        return generate(atlas.to("cpu", torch.float64), rng, options=OPTIONS)
    finally:
        torch.set_num_threads(threads)


def quantise(image: np.ndarray) -> np.ndarray:
    """Round to int16: 0 outside the brain, 1 and more inside."""
    brain = image > 0
    scaled = image * (BRIGHTEST / np.percentile(image[brain], 99.9))
    return np.where(brain, np.clip(np.rint(scaled), 1, 2 * BRIGHTEST), 0).astype(np.int16)


def write(path: Path, array_zyx: np.ndarray) -> Path:
    """Write an array in LPS order as NIfTI in RAS order, without a time stamp."""
    array = np.ascontiguousarray(array_zyx.transpose(2, 1, 0)[::-1, ::-1])
    affine = np.eye(4)
    affine[:3, 3] = ORIGIN_RAS_MM
    image = nibabel.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = DESCRIPTION.encode()
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=9, mtime=0))
    return path


def make(out: Path, seed: int = SEED) -> list[Path]:
    """Write the five images of the sample, and the notices that must go with them."""
    phantom = draw(seed)
    out.mkdir(parents=True, exist_ok=True)
    written = [
        write(out / f"phantom_{name}.nii.gz", quantise(image))
        for name, image in zip(SEQUENCES, phantom.images.numpy(), strict=True)
    ]
    written.append(write(out / "phantom_mask.nii.gz", phantom.labels.numpy()))
    if out.resolve() != HOME:
        for notice in ("LICENSE-MNI152.txt", "README.md"):
            written.append(Path(shutil.copy(HOME / notice, out / notice)))
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=HOME, help="folder to write to")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    for path in make(arguments.out, arguments.seed):
        print(f"{path.stat().st_size:>9} bytes  {path}")


if __name__ == "__main__":
    main()
