"""Corrections of label maps: pure functions from a `Canvas` to one undoable `Change`.

Every region stays in the one around it, lengths are true mm, and the array is never written.
"""

from __future__ import annotations

from napari_acs.review.boxes import Box, slice_box
from napari_acs.review.correct.band import Band
from napari_acs.review.correct.between import fill_between
from napari_acs.review.correct.brush import stroke
from napari_acs.review.correct.canvas import Canvas
from napari_acs.review.correct.change import Change
from napari_acs.review.correct.comparing import (
    ONLY_FIRST,
    ONLY_SECOND,
    OTHER_LABEL,
    Comparison,
    changed,
    compare,
)
from napari_acs.review.correct.components import (
    Island,
    find_islands,
    keep_largest,
    remove_islands,
)
from napari_acs.review.correct.flooding import flood
from napari_acs.review.correct.growing import grow_from
from napari_acs.review.correct.holes import fill_holes
from napari_acs.review.correct.ink import Ink, erase, paint, put
from napari_acs.review.correct.lasso import cut
from napari_acs.review.correct.nesting import GLIOMA, Nesting
from napari_acs.review.correct.resizing import grow, shrink
from napari_acs.review.correct.reverting import revert, revert_part
from napari_acs.review.correct.slices import copy_slice
from napari_acs.review.correct.smoothing import smooth

__all__ = [
    "GLIOMA",
    "ONLY_FIRST",
    "ONLY_SECOND",
    "OTHER_LABEL",
    "Band",
    "Box",
    "Canvas",
    "Change",
    "Comparison",
    "Ink",
    "Island",
    "Nesting",
    "changed",
    "compare",
    "copy_slice",
    "cut",
    "erase",
    "fill_between",
    "fill_holes",
    "find_islands",
    "flood",
    "grow",
    "grow_from",
    "keep_largest",
    "paint",
    "put",
    "remove_islands",
    "revert",
    "revert_part",
    "shrink",
    "slice_box",
    "smooth",
    "stroke",
]
