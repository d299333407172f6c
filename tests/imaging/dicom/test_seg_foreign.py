"""DICOM segmentations of other programs, as we read them."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from imaging.dicom.seg_labels import GRID, LABELS, refused
from imaging.dicom.series_for_seg import write_series
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from napari_acs.imaging.labels.labelfile import read_segments

hd = pytest.importorskip("highdicom")


def foreign(series, kind, pixels, numbers=(1, 2), **more):
    """Write with highdicom as another program would."""
    images = [pydicom.dcmread(path) for path in series.files]
    for image in images:
        image.SpacingBetweenSlices = GRID.spacing[2]
    segments = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"part {number}",
            segmented_property_category=codes.SCT.Tissue,
            segmented_property_type=codes.SCT.Tissue,
            algorithm_type="MANUAL",
        )
        for number in numbers
    ]
    seg = hd.seg.Segmentation(
        images, pixels, kind, segments, generate_uid(), 7, generate_uid(), 1,
        "Other", "Other", "1", "1", **more,
    )  # fmt: skip
    path = series.files[0].parent / "foreign.dcm"
    seg.save_as(path)
    return path, seg


def test_label_maps_of_other_programs(tmp_path):
    path, _ = foreign(write_series(tmp_path, GRID), "LABELMAP", LABELS, (1, 2, 4))
    back = read_segments(path, GRID)
    np.testing.assert_array_equal(back.volume.array, LABELS)
    assert [(s.value, s.title) for s in back.segments] == [
        (1, "part 1"),
        (2, "part 2"),
        (4, "part 4"),
    ]


def test_fractions_are_cut_at_a_half_with_a_note(tmp_path):
    fractions = np.zeros((*GRID.shape, 2))
    fractions[1, 2, 3] = (0.6, 0.1)
    fractions[2, 2, 3] = (0.2, 0.9)
    fractions[3, 2, 3] = (0.4, 0.4)
    path, _ = foreign(write_series(tmp_path, GRID), "FRACTIONAL", fractions)
    back = read_segments(path, GRID)
    assert {*map(tuple, np.argwhere(back.volume.array))} == {(1, 2, 3), (2, 2, 3)}
    assert back.volume.array[2, 2, 3] == 2
    assert "0.5" in back.notes[0]


def test_segments_that_overlap_are_refused_by_name(tmp_path):
    both = np.zeros((*GRID.shape, 2), np.uint8)
    both[1, 2, 3:5, 0] = 1
    both[1, 2, 4:, 1] = 1
    path, _ = foreign(write_series(tmp_path, GRID), "BINARY", both)
    with refused(r"foreign\.dcm", "'part 1' and 'part 2' overlap"):
        read_segments(path, GRID)


def test_frames_of_a_segment_that_is_not_described(tmp_path):
    path, seg = foreign(write_series(tmp_path, GRID), "BINARY", np.where(LABELS == 4, 1, LABELS))
    seg.SegmentSequence = list(seg.SegmentSequence)[:1]
    seg.save_as(path)
    with refused("contradicts itself", "segment 2"):
        read_segments(path, GRID)


@pytest.mark.parametrize("damage", ["position", "pixels", "tilted", "uneven"])
def test_damaged_segmentations_are_refused(tmp_path, damage):
    path, seg = foreign(write_series(tmp_path, GRID), "BINARY", np.where(LABELS == 4, 1, LABELS))
    frames = seg.PerFrameFunctionalGroupsSequence
    first = frames[0].PlanePositionSequence[0]
    if damage == "position":
        del frames[0].PlanePositionSequence
    elif damage == "pixels":
        seg.PixelData = seg.PixelData[:2]
    elif damage == "tilted":
        first.ImagePositionPatient = [
            first.ImagePositionPatient[0] + 3,
            *first.ImagePositionPatient[1:],
        ]
    else:
        normal = np.reshape(GRID.direction, (3, 3))[:, 2]
        moved = np.array(first.ImagePositionPatient, float) - 1.4 * normal
        first.ImagePositionPatient = [f"{value:.6f}" for value in moved]
    seg.save_as(path)
    with refused(r"foreign\.dcm"):
        read_segments(path)


def test_frames_and_segments_in_any_order(tmp_path):
    path, seg = foreign(write_series(tmp_path, GRID), "BINARY", np.where(LABELS == 4, 1, LABELS))
    pixels = pydicom.dcmread(path).pixel_array
    order = np.random.default_rng(0).permutation(len(pixels))
    bits = np.packbits(pixels[order].ravel(), bitorder="little").tobytes()
    seg.PixelData = bits + b"\0" * (len(bits) % 2)
    frames = list(seg.PerFrameFunctionalGroupsSequence)
    seg.PerFrameFunctionalGroupsSequence = [frames[i] for i in order]
    seg.SegmentSequence = list(seg.SegmentSequence)[::-1]
    seg.save_as(path)
    back = read_segments(path, GRID)
    np.testing.assert_array_equal(back.volume.array, np.where(LABELS == 4, 1, LABELS))


def test_all_frames_kept_as_some_programs_do(tmp_path):
    path, _ = foreign(
        write_series(tmp_path, GRID), "BINARY", np.where(LABELS == 4, 1, LABELS),
        omit_empty_frames=False,
    )  # fmt: skip
    assert read_segments(path).volume.grid.size == GRID.size
