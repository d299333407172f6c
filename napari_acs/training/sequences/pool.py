"""The pool of boxes that networks are trained on and judged by, made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_acs.imaging import SEQUENCES, Volume
from napari_acs.inference.classify_input import volume_box
from napari_acs.models.spec import VOLUME, Channel, ClassifierInput
from napari_acs.training.phantom import Atlas, PhantomOptions, generate
from napari_acs.training.sequences.others import KINDS, draw_other, whole_noise
from napari_acs.training.sequences.scalp import with_scalp
from napari_acs.training.sequences.scans import on_a_grid, scanned_again
from napari_acs.training.sequences.sources import Patient, at_spacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = (*SEQUENCES, "other")
INPUT = ClassifierInput(
    channels=(Channel(name=VOLUME, required=True),),
    spacing_mm=(4.0, 4.0, 4.0),
    size=(48, 56, 48),
    normalisation="robust",
)
"""192 x 224 x 192 mm: a whole head."""
PHANTOM = "phantom"
"""The patient of what shows no patient: always trained on, never judged by."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Boxes with what is known of them.

    Attributes
    ----------
    boxes : ndarray of float16, shape (n, z, y, x)
        As `volume_box` makes them.
    classes : ndarray of int64, shape (n,)
        Index in `CLASSES`.
    patients : ndarray of str, shape (n,)
    kinds : ndarray of str, shape (n,)
        ``clean`` (as it came, stripped), ``native`` (as it came, a head), ``again`` and
        ``native-again`` (scanned again), ``scalp``, ``phantom``, ``other-<kind>``.
    """

    boxes: NDArray[np.float16]
    classes: NDArray[np.int64]
    patients: NDArray[np.str_]
    kinds: NDArray[np.str_]

    def save(self, file: Path) -> None:
        """Write the pool as ``.npz``."""
        np.savez(
            file,
            boxes=self.boxes,
            classes=self.classes,
            patients=self.patients,
            kinds=self.kinds,
        )


def load_pool(file: Path) -> Pool:
    """Read what `Pool.save` wrote."""
    with np.load(file, allow_pickle=False) as archive:
        return Pool(**{key: archive[key] for key in ("boxes", "classes", "patients", "kinds")})


Entry = tuple["NDArray[np.float32]", int, str, str]


def of_patient(patient: Patient, seed: int, copies: int = 4) -> Iterator[Entry]:
    """Yield a patient's boxes: each volume as it came, and in ``copies`` other ways.

    Every volume with its skull comes in twice as many: there are few.
    """
    rng = np.random.default_rng(seed)
    stripped = {}
    for (key, volume), skull in zip(patient.scans, patient.skull, strict=True):
        label = CLASSES.index(key)
        yield _box(volume), label, patient.name, "native" if skull else "clean"
        if not skull:
            volume = stripped[key] = at_spacing(volume)  # noqa: PLW2901
        for index in range(copies * (2 if skull else 1)):
            if skull or index < copies // 2:
                again, kind = scanned_again(rng, volume), "native-again" if skull else "again"
            else:
                again, kind = scanned_again(rng, with_scalp(rng, volume, key)), "scalp"
            yield _box(again), label, patient.name, kind
    if len(stripped) == len(SEQUENCES):
        arrays = {key: np.asarray(volume.array) for key, volume in stripped.items()}
        mm = next(iter(stripped.values())).grid.spacing[0]
        for kind in KINDS:
            other = draw_other(rng, arrays, mm, kind)
            if kind != "ct" and rng.random() < 0.7:
                other = scanned_again(rng, other)
            if other.array.min() == other.array.max():
                continue  # what there was to see was cut off
            yield _box(other), len(SEQUENCES), patient.name, f"other-{kind}"


def of_phantom(atlas: Atlas, seed: int) -> Iterator[Entry]:
    """Yield the boxes of a phantom: four sequences, or arbitrary contrasts (every fourth)."""
    torch_rng, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    arbitrary = seed % 4 == 3
    drawn = generate(atlas, torch_rng, options=PhantomOptions(random_contrast=float(arbitrary)))
    for key, image in zip(SEQUENCES, drawn.images.numpy(), strict=True):
        volume = on_a_grid(image, np.full(3, atlas.spacing_mm))
        label = len(SEQUENCES) if arbitrary else SEQUENCES.index(key)
        head = with_scalp(rng, volume, key) if rng.random() < 0.5 else volume
        yield _box(scanned_again(rng, head)), label, PHANTOM, "phantom"


def of_noise(name: str, seed: int, count: int = 4) -> Iterator[Entry]:
    """Yield boxes of noise that fills a volume, which count as the named patient's."""
    rng = np.random.default_rng((seed, 4))
    for _ in range(count):
        yield _box(whole_noise(rng)), len(SEQUENCES), name, "other-static"


def gathered(entries: list[Entry]) -> Pool:
    """Put entries together."""
    boxes, classes, patients, kinds = zip(*entries, strict=True)
    return Pool(
        np.stack(boxes).astype(np.float16), np.array(classes), np.array(patients), np.array(kinds)
    )


def _box(volume: Volume) -> NDArray[np.float32]:
    box = volume_box(volume, INPUT).array[0]
    return np.asarray(np.clip(box, -20, 20))
