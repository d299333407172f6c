"""Random nested masks, and the same mask seen with its axes in another order or direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_acs.review.correct import GLIOMA, Canvas

SPACING = (2.5, 1.0, 0.7)
SHAPE = (12, 16, 18)
POLYGON = ((1.3, 2.2), (12.6, 3.4), (9.2, 15.7), (4.1, 10.3))
spacings = st.tuples(*[st.sampled_from([0.5, 0.7, 1.0, 1.3, 2.5, 5.0])] * 3)
shapes = st.tuples(*[st.integers(3, 18)] * 3)
seeds = st.integers(0, 10_000)


def nested(seed, shape=(12, 16, 18), roughness=1.2):
    """Draw blobs of WT, TC in it and ET in that: with holes, islands and parts at the edge."""
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = gaussian_filter(noise, roughness)
    smooth /= smooth.std()
    depth = np.digitize(smooth, (0.3, 0.8, 1.3)).astype(np.uint8)
    labels = GLIOMA.back(depth)
    labels.flags.writeable = False  # a correction that writes into its input fails here
    return labels


def image(seed, shape):
    return gaussian_filter(np.random.default_rng(seed + 77).normal(size=shape), 1.0) * 100


def box_in(seed, shape):
    ends = np.random.default_rng(seed + 5).integers(0, np.add(shape, 1), (2, 3))
    low, high = ends.min(axis=0), np.maximum(ends.max(axis=0), ends.min(axis=0) + 1)
    low = np.minimum(low, np.subtract(shape, 1))
    return tuple(slice(int(a), int(min(b, n))) for a, b, n in zip(low, high, shape, strict=True))


@dataclass(frozen=True)
class View:
    """An array's axes in another order, some of them turned round."""

    order: tuple[int, int, int] = (0, 1, 2)
    turned: tuple[bool, bool, bool] = (False, False, False)  # of the axes in the new order
    shape: tuple[int, int, int] = (0, 0, 0)  # before

    def array(self, array):
        seen = array.transpose(self.order)
        return seen[tuple(slice(None, None, -1 if t else 1) for t in self.turned)]

    def spacing(self, spacing):
        return tuple(spacing[i] for i in self.order)

    def axis(self, axis):
        return self.order.index(axis)

    def index(self, axis, index):
        return self.shape[axis] - 1 - index if self.turned[self.axis(axis)] else index

    def points(self, points):
        moved = [
            [self.index(axis, point[axis]) for axis in self.order]
            for point in np.atleast_2d(points)
        ]
        return np.array(moved, float)

    def polygon(self, axis, polygon):
        full = np.insert(np.asarray(polygon, float), axis, 0, axis=1)
        return np.delete(self.points(full), self.axis(axis), axis=1)

    def depth(self, axis, start, stop):
        a, b = self.index(axis, start), self.index(axis, stop - 1)
        return (min(a, b), max(a, b) + 1)

    def box(self, box):
        return tuple(
            slice(*self.depth(axis, box[axis].start, box[axis].stop)) for axis in self.order
        )

    def canvas(self, labels, spacing, box=None):
        return Canvas(
            self.array(labels), self.spacing(spacing), None if box is None else self.box(box)
        )


views = st.tuples(st.permutations((0, 1, 2)), st.tuples(*[st.booleans()] * 3))
