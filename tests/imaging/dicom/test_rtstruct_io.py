"""RT structure sets: ours back exactly, and what others may write."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from imaging.dicom.series_for_seg import as_dicom, write_multiframe, write_series
from imaging.geometries import ORIENTATIONS, make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging.labels.labelfile import read_segments
from napari_acs.imaging.labels.segments import Maker, SegmentName
from napari_acs.imaging.labels.write import save_labels

GRID = as_dicom(
    make_grid(ORIENTATIONS[9], (0.7, 1.1, 3.3), (10, -20, 30), (0.3, 0.2, -0.3), size=(9, 8, 4))
)
LABELS = np.zeros(GRID.shape, np.uint8)
LABELS[0, 0, 0] = LABELS[0, 7, 8] = 2
LABELS[1, 1:7, 1:8] = 2
LABELS[1, 2:4, 2:4] = 0  # a hole
LABELS[1, 5, 3:6] = 1  # another, filled
LABELS[3, 2, 2] = LABELS[3, 3, 3] = 4  # touching at a corner
NAMES = (SegmentName(1, "NCR", "necrotic core"), SegmentName(2, "ED", "oedema", "#00a08a"))


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


@pytest.fixture
def file(tmp_path):
    series = write_series(tmp_path, GRID)
    maker = Maker("AUTOMATIC", "unet", "1")
    return save_labels(
        tmp_path / "m.rtstruct.dcm", LABELS, GRID, segments=NAMES, dicom=series, maker=maker
    ).file


def test_every_contour_refers_to_its_image(file):
    structures = pydicom.dcmread(file)
    images = {
        one.SOPInstanceUID: one
        for one in (pydicom.dcmread(path) for path in file.parent.glob("image*.dcm"))
    }
    frame = structures.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    first = next(iter(images.values()))
    assert frame.FrameOfReferenceUID == first.FrameOfReferenceUID
    assert series.SeriesInstanceUID == first.SeriesInstanceUID
    assert {item.ReferencedSOPInstanceUID for item in series.ContourImageSequence} == images.keys()
    assert structures.PatientID == first.PatientID
    assert structures.StudyInstanceUID == first.StudyInstanceUID
    for region in structures.ROIContourSequence:
        for contour in region.ContourSequence:
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            assert len(points) == contour.NumberOfContourPoints
            image = images[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
            turn = np.array(image.ImageOrientationPatient, float).reshape(2, 3)
            off = (points - np.array(image.ImagePositionPatient, float)) @ np.cross(*turn)
            assert np.abs(off).max() < 2e-6
            assert all(len(part) <= 16 for part in str(contour["ContourData"].value).split(", "))


def test_names_colours_and_makers(file):
    structures = pydicom.dcmread(file)
    regions = structures.StructureSetROISequence
    assert [(int(r.ROINumber), r.ROIName) for r in regions] == [
        (1, "necrotic core"),
        (2, "oedema"),
        (4, "Label 4"),
    ]
    assert {r.ROIGenerationAlgorithm for r in regions} == {"AUTOMATIC"}
    assert [*map(int, structures.ROIContourSequence[1].ROIDisplayColor)] == [0x00, 0xA0, 0x8A]


def test_holes_and_corners_come_back(file):
    back = read_segments(file, GRID)
    np.testing.assert_array_equal(back.volume.array, LABELS)
    assert back.segments[:2] == NAMES
    count = [len(r.ContourSequence) for r in pydicom.dcmread(file).ROIContourSequence]
    assert count == [1, 3, 2]  # the region with two holes is one contour


def test_contours_on_a_multiframe_image_name_their_frame(tmp_path):
    series = write_multiframe(tmp_path, GRID, order=[3, 1, 0, 2])
    path = save_labels(tmp_path / "m.rtstruct.dcm", LABELS, GRID, dicom=series).file
    structures = pydicom.dcmread(path)
    last = structures.ROIContourSequence[2].ContourSequence[0].ContourImageSequence[0]
    assert int(last.ReferencedFrameNumber) == 1
    np.testing.assert_array_equal(read_segments(path, GRID).volume.array, LABELS)


def test_a_grid_is_needed(file):
    with refused("no grid of its own", "Open the study first"):
        read_segments(file)


def edited(file, edit):
    structures = pydicom.dcmread(file)
    for region in structures.ROIContourSequence:
        for contour in region.ContourSequence:
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            contour.ContourData = [f"{value:.6f}" for value in np.ravel(edit(points))]
    structures.save_as(file)
    return file


def test_contours_of_another_place_are_refused(file):
    normal = np.reshape(GRID.direction, (3, 3))[:, 2]
    with refused("between the slices"):
        read_segments(edited(file, lambda points: points + 0.5 * 3.3 * normal), GRID)
    with refused("beyond the images"):
        read_segments(edited(file, lambda points: points + 5.5 * 3.3 * normal), GRID)


def test_contours_that_are_not_on_slices_are_refused(file):
    normal = np.reshape(GRID.direction, (3, 3))[:, 2]
    with refused("not parallel"):
        read_segments(edited(file, lambda points: points + np.outer(points[:, 0], normal)), GRID)


def test_holes_as_contours_of_their_own(tmp_path):
    # As Slicer and planning systems write them: a contour inside another is a hole.
    grid = make_grid(size=(12, 12, 1))
    series = write_series(tmp_path, grid)
    path = save_labels(
        tmp_path / "m.rtstruct.dcm", np.ones(grid.shape, np.uint8), grid, dicom=series
    ).file
    structures = pydicom.dcmread(path)
    inner = pydicom.dcmread(path).ROIContourSequence[0].ContourSequence[0]
    inner.ContourData = [3.6, 3.6, 0, 7.4, 3.6, 0, 7.4, 8.2, 0, 3.6, 8.2, 0]
    point = pydicom.dcmread(path).ROIContourSequence[0].ContourSequence[0]
    point.ContourGeometricType, point.ContourData = "POINT", [1, 1, 0]
    structures.ROIContourSequence[0].ContourSequence.extend([inner, point])
    structures.save_as(path)
    back = read_segments(path, grid)
    expected = np.ones(grid.shape, np.uint8)
    expected[0, 4:9, 4:8] = 0
    np.testing.assert_array_equal(back.volume.array, expected)
    assert "left out" in back.notes[0]


def test_structures_that_overlap_are_refused_by_name(file):
    structures = pydicom.dcmread(file)
    structures.ROIContourSequence[0].ContourSequence.append(
        structures.ROIContourSequence[1].ContourSequence[0]
    )
    structures.save_as(file)
    with refused("'necrotic core' and 'oedema' overlap"):
        read_segments(file, GRID)


def test_damage_is_refused(file):
    structures = pydicom.dcmread(file)
    structures.ROIContourSequence[0].ContourSequence[0].ContourData = [1, 2, 3, 4, 5, 6, 7, 8]
    structures.save_as(file)
    with refused("damaged", "no list of points"):
        read_segments(file, GRID)
    contour = structures.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = [11111, 22222, 33333] * 3
    structures.save_as(file)
    file.write_bytes(file.read_bytes().replace(b"22222", b"2222x"))
    with refused("damaged", "no list of points"):
        read_segments(file, GRID)
    structures.ROIContourSequence = []
    structures.save_as(file)
    with refused("outlines nothing"):
        read_segments(file, GRID)
