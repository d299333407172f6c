"""Studies that no glioma classifier should answer: made-up ones, and real ones made wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_acs.imaging import SEQUENCES, Grid, Study, Volume

GRID = Grid((88, 104, 80), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Wrong:
    """A study that should get no answer, and what is wrong with it."""

    kind: str
    study: Study
    mask: Volume


def made_up(count: int) -> Iterator[Wrong]:
    """Yield ``count`` studies of each kind that has no brain in it."""
    for kind, make in MADE_UP.items():
        for seed in range(count):
            rng = np.random.default_rng(seed)
            arrays = make(rng)
            centre = np.array(GRID.shape) / 2 + rng.uniform(-8, 8, 3)
            mask = Volume(ball(centre, rng.uniform(8, 20)).astype(np.uint8), GRID)
            volumes = {name: Volume(a.astype(np.float32), GRID) for name, a in arrays.items()}
            yield Wrong(kind, Study(f"{kind} {seed}", volumes), mask)


def made_wrong(study: Study, mask: Volume) -> Iterator[Wrong]:
    """Yield every kind of wrong study that a right one can be made into."""
    whole = Volume((mask.array > 0).astype(np.uint8), mask.grid)
    arrays = {name: volume.array for name, volume in study.sequences.items()}

    def made(kind: str, changed: Arrays, labels: np.ndarray = whole.array) -> Wrong:
        volumes = {name: Volume(np.ascontiguousarray(a), study.grid) for name, a in changed.items()}
        return Wrong(kind, Study(kind, volumes), Volume(np.ascontiguousarray(labels), study.grid))

    yield made("T1ce four times", dict.fromkeys(SEQUENCES, arrays["t1ce"]))
    yield made("T2 four times", dict.fromkeys(SEQUENCES, arrays["t2"]))
    turned = ("t2", "flair", "t1", "t1ce")
    yield made(
        "sequences interchanged",
        {name: arrays[other] for name, other in zip(SEQUENCES, turned, strict=True)},
    )
    yield made(
        "grey values inverted",
        {name: np.where(a > 0, a.max() * 1.0 + 1 - a, 0) for name, a in arrays.items()},
    )
    yield made("upside down", {name: a[::-1] for name, a in arrays.items()}, whole.array[::-1])
    noise = np.random.default_rng(0)
    yield made(
        "noise as strong as the brain",
        {
            name: np.where(a > 0, np.abs(a + noise.normal(0, a[a > 0].mean(), a.shape)), 0)
            for name, a in arrays.items()
        },
    )
    yield made("mask in the other half", arrays, whole.array[:, :, ::-1])


def ball(centre: np.ndarray, radius_mm: float) -> np.ndarray:
    """Return a ball on `GRID`; the centre in voxels z, y, x."""
    return _ellipsoid(centre, (radius_mm / 2,) * 3)


def _ellipsoid(centre: np.ndarray, radii: tuple[float, float, float]) -> np.ndarray:
    places = np.indices(GRID.shape, dtype=np.float32)
    parts = zip(places, centre, radii, strict=True)
    return np.asarray(sum(((p - c) / r) ** 2 for p, c, r in parts) < 1)


def _noise(rng: np.random.Generator) -> Arrays:
    return {name: rng.uniform(1, 1000, GRID.shape) for name in SEQUENCES}


def _noise_in_a_head(rng: np.random.Generator) -> Arrays:
    inside = _ellipsoid(np.array(GRID.shape) / 2, (34, 46, 38))
    smooth = rng.uniform(0, 3)
    return {
        name: np.where(
            inside, 500 + 200 * _unit(gaussian_filter(rng.normal(size=GRID.shape), smooth)), 0
        )
        for name in SEQUENCES
    }


def _knee(rng: np.random.Generator) -> Arrays:
    """Femur and tibia with cortex and marrow, cartilage, muscle and fat, along z."""
    z, y, x = np.indices(GRID.shape, dtype=np.float32)
    middle = np.array(GRID.shape) / 2 + rng.uniform(-3, 3, 3)
    across = np.hypot(y - middle[1], x - middle[2])
    width = 13 + 6 * np.exp(-(((z - middle[0]) / 14) ** 2)) + rng.uniform(-1, 1)
    joint = np.abs(z - middle[0]) < 2
    bone, marrow = across < width, across < width - 2
    limb, muscle = across < 40, across < 34
    tissue = np.select(
        [joint & bone, marrow & ~joint, bone & ~joint, muscle, limb], [5, 1, 2, 3, 4], 0
    )
    grey = {  # air, marrow, cortex, muscle, fat, cartilage
        "t1": (0, 800, 60, 350, 900, 400),
        "t1ce": (0, 820, 60, 420, 900, 430),
        "t2": (0, 500, 50, 250, 600, 700),
        "flair": (0, 200, 50, 300, 150, 800),
    }
    return {
        name: np.asarray(values, float)[tissue] + (tissue > 0) * rng.normal(0, 20, GRID.shape)
        for name, values in grey.items()
    }


def _ct(rng: np.random.Generator) -> Arrays:
    """Draw a head in Hounsfield units, once for every sequence: bone, brain, ventricles, air."""
    centre = np.array(GRID.shape) / 2
    head = _ellipsoid(centre, (36, 48, 40))
    skull = _ellipsoid(centre, (34, 46, 38))
    brain = _ellipsoid(centre, (31, 43, 35))
    ventricles = _ellipsoid(centre, (6, 12, 8))
    values = np.select([ventricles, brain, skull, head], [5.0, 35.0, 900.0, 40.0], -1000.0)
    image = values + rng.normal(0, 6, GRID.shape)
    return dict.fromkeys(SEQUENCES, image)


def _ct_brain(rng: np.random.Generator) -> Arrays:
    """Cut the skull off the CT, as a tool would that takes it for an MRI."""
    image = _ct(rng)["t1"]
    inside = _ellipsoid(np.array(GRID.shape) / 2, (31, 43, 35))
    return dict.fromkeys(SEQUENCES, np.where(inside, np.maximum(image, 1), 0))


def _unit(array: np.ndarray) -> np.ndarray:
    return np.asarray((array - array.mean()) / array.std())


MADE_UP: dict[str, Callable[[np.random.Generator], Arrays]] = {
    "noise": _noise,
    "noise in the shape of a head": _noise_in_a_head,
    "a knee": _knee,
    "a CT of a head": _ct,
    "a CT of a brain, skull removed": _ct_brain,
}
