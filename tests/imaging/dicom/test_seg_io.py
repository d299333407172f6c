"""DICOM segmentations: ours by other readers, and other writers' by us."""

from __future__ import annotations

import sys

import numpy as np
import pydicom
import pytest
from imaging.dicom.series_for_seg import as_dicom, write_multiframe, write_series
from imaging.geometries import ORIENTATIONS, make_grid
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.cielab import from_cielab, to_cielab
from napari_acs.imaging.dicom.origin import DicomOrigin
from napari_acs.imaging.dicom.seg_codes import term_of
from napari_acs.imaging.labels.labelfile import read_segments
from napari_acs.imaging.labels.segments import Maker, SegmentName
from napari_acs.imaging.labels.write import save_labels

hd = pytest.importorskip("highdicom")

NAMES = (
    SegmentName(1, "NCR", "necrotic and non-enhancing core", "#d62728"),
    SegmentName(2, "ED", "oedema", "#2ca02c"),
    SegmentName(4, "ET", "enhancing tumour", "#ffd400"),
)
GRID = as_dicom(make_grid(ORIENTATIONS[20], (0.7, 1.1, 3.3), (10, -20, 30), (0.1, 0.2, -0.3)))
LABELS = np.zeros(GRID.shape, np.uint8)
LABELS[1, 0, 0] = 1
LABELS[1:3, 1, 2:5] = 2
LABELS[3, 2:, 5] = 4


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


@pytest.fixture(params=[write_series, write_multiframe])
def series(request, tmp_path):
    return request.param(tmp_path, GRID)


def save(series, labels=LABELS, **more):
    path = series.files[0].parent / "mask.dcm"
    return save_labels(
        path, labels, GRID, segments=NAMES, dicom=series, overwrite=True, **more
    ).file


def test_every_reference_resolves(series):
    seg = pydicom.dcmread(save(series))
    images = {one.SOPInstanceUID: one for one in map(pydicom.dcmread, series.files)}
    source = next(iter(images.values()))
    (referenced,) = seg.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == source.SeriesInstanceUID
    uids = {item.ReferencedSOPInstanceUID for item in referenced.ReferencedInstanceSequence}
    assert uids == images.keys()
    assert seg.FrameOfReferenceUID == source.FrameOfReferenceUID
    for key in ("StudyInstanceUID", "PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        assert seg[key].value == source[key].value
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID
    for frame in seg.PerFrameFunctionalGroupsSequence:
        item = frame.DerivationImageSequence[0].SourceImageSequence[0]
        image = images[item.ReferencedSOPInstanceUID]
        if "ReferencedFrameNumber" in item:
            image = image.PerFrameFunctionalGroupsSequence[int(item.ReferencedFrameNumber) - 1]
            image = image.PlanePositionSequence[0]
        at = frame.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(at, image.ImagePositionPatient, atol=1e-9)


def test_segments_are_coded_named_and_coloured(series):
    seg = hd.seg.segread(save(series, maker=Maker("AUTOMATIC", "unet-acs", "1.2")))
    assert seg.segmentation_type.value == "BINARY"
    types = [seg.get_segment_description(i).segmented_property_type for i in (1, 2, 3)]
    assert types == [codes.SCT.Necrosis, codes.SCT.Edema, codes.NCIt.EnhancingLesion]
    for number, name in enumerate(NAMES, start=1):
        one = seg.get_segment_description(number)
        assert one.segment_label == name.title
        assert one.segmented_property_category == codes.SCT.MorphologicallyAbnormalStructure
        assert one.anatomic_regions == [codes.SCT.Brain]
        assert one.algorithm_type.value == "AUTOMATIC"
        assert one.SegmentAlgorithmName == "unet-acs"
        assert one.algorithm_identification.version == "1.2"
        assert from_cielab(one.RecommendedDisplayCIELabValue) == name.colour


def test_highdicom_reads_the_same_pixels_for_the_same_images(tmp_path):
    series = write_series(tmp_path, GRID)
    seg = hd.seg.segread(save(series))
    uids = [pydicom.dcmread(path).SOPInstanceUID for path in series.files]
    pixels = seg.get_pixels_by_source_instance(
        uids, combine_segments=True, assert_missing_frames_are_empty=True
    )
    table = np.array([0, 1, 2, 4])
    np.testing.assert_array_equal(table[pixels], LABELS)


def test_a_mask_drawn_by_hand_names_no_algorithm(series):
    seg = pydicom.dcmread(save(series, maker=Maker("MANUAL")))
    assert {item.SegmentAlgorithmType for item in seg.SegmentSequence} == {"MANUAL"}
    assert not any("SegmentAlgorithmName" in item for item in seg.SegmentSequence)


def test_frames_of_a_multiframe_image_in_any_order(tmp_path):
    series = write_multiframe(tmp_path, GRID, order=[2, 0, 3, 1], per_frame=False)
    np.testing.assert_array_equal(read_segments(save(series), GRID).volume.array, LABELS)


def test_without_the_study_the_grid_is_that_of_the_frames(series):
    back = read_segments(save(series))
    assert back.volume.grid.size == (6, 5, 3)  # the first slice holds no label
    there = back.volume.grid.index_to_point(np.argwhere(back.volume.array)[:, ::-1])
    wanted = GRID.index_to_point(np.argwhere(LABELS)[:, ::-1])
    apart = np.linalg.norm(there[:, None] - wanted[None], axis=2)
    assert apart.min(axis=0).max() < 1e-6
    assert len(there) == len(wanted)


def test_a_single_slice(tmp_path):
    grid = as_dicom(make_grid(spacing=(1, 1, 5), size=(6, 5, 1)))
    series = write_series(tmp_path, grid)
    proof = save_labels(tmp_path / "m.dcm", LABELS[1:2], grid, dicom=series)
    assert proof.labels[0].volume_ml == pytest.approx(0.005)
    np.testing.assert_array_equal(read_segments(proof.file).volume.array, LABELS[1:2])


@pytest.mark.parametrize(
    "moved",
    [
        make_grid(size=(6, 5, 4), spacing=(0.7, 1.1, 3.3)),
        GRID.moved((0, 0, 1), GRID.size),
        GRID.moved((0, 0, 0), (6, 4, 4)),
    ],
)
def test_a_mask_on_another_grid_is_refused(series, moved):
    labels = np.ones(moved.shape, np.uint8)
    with refused("not on the grid of its DICOM series"):
        save_labels(series.files[0].parent / "m.dcm", labels, moved, dicom=series)


def test_a_part_of_the_series_is_refused(tmp_path):
    part = GRID.moved((0, 0, 0), (6, 5, 3))
    with refused("not on the grid of its DICOM series", "4 images for 3 slices"):
        save_labels(tmp_path / "m.dcm", LABELS[:3], part, dicom=write_series(tmp_path, GRID))


def test_a_multiframe_image_of_two_echoes(tmp_path):
    series = write_multiframe(tmp_path, GRID, order=[0, 1, 2, 3, 3, 2, 1, 0])
    path = save(series)
    np.testing.assert_array_equal(read_segments(path, GRID).volume.array, LABELS)
    frames = pydicom.dcmread(path).PerFrameFunctionalGroupsSequence
    used = {
        int(frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)
        for frame in frames
    }
    assert used == {2, 3, 4}  # of the first echo, where the labels are


def test_files_in_another_order_are_refused(tmp_path):
    series = write_series(tmp_path, GRID)
    turned = DicomOrigin(series.files[::-1], series.tags, series.study_key)
    with refused("in another order"):
        save(turned)


def test_headers_that_lack_what_a_reference_needs(tmp_path):
    series = write_series(tmp_path, GRID)
    image = pydicom.dcmread(series.files[2])
    del image.FrameOfReferenceUID
    image.save_as(series.files[2])
    with refused("image002.dcm", "no FrameOfReferenceUID") as caught:
        save(series)
    assert "Doe" not in str(caught.value)
    series.files[2].unlink()
    with refused("image002.dcm", "No such file", "Open the series again"):
        save(series)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
def test_no_sentence_names_the_patient(tmp_path):
    series = write_series(tmp_path, GRID)
    for path in series.files:
        image = pydicom.dcmread(path)
        image.PatientBirthDate = "born in May"
        del image.PixelSpacing
        image.save_as(path)
    with pytest.raises(BadInput) as caught:
        save(series)
    assert not any(word in str(caught.value) for word in ("Doe", "4711", "May"))


def test_missing_empty_values_are_no_obstacle(tmp_path):
    series = write_series(tmp_path, GRID)
    for path in series.files:
        image = pydicom.dcmread(path)
        for key in ("StudyID", "AccessionNumber", "PatientBirthDate", "PatientSex"):
            delattr(image, key)
        image.save_as(path)
    np.testing.assert_array_equal(read_segments(save(series), GRID).volume.array, LABELS)


def test_without_highdicom_the_command_is_said(series, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with refused("highdicom", r'pip install "napari-acs\[dicom\]"'):
        save(series)
    assert not (series.files[0].parent / "mask.dcm").exists()


@pytest.mark.parametrize("suffix", [".dcm", ".rtstruct.dcm"])
def test_names_in_any_language(tmp_path, suffix):
    series = write_series(tmp_path, GRID)
    for path in series.files:
        image = pydicom.dcmread(path)
        image.SpecificCharacterSet, image.PatientName = "ISO_IR 100", "Müller^Jürgen"
        image.save_as(path)
    names = (SegmentName(1, "нек", "некроз\\ядро\n"), SegmentName(2, "Ö", "Ödem" * 40))
    path = save_labels(tmp_path / f"m{suffix}", LABELS, GRID, segments=names, dicom=series).file
    assert str(pydicom.dcmread(path).PatientName) == "Müller^Jürgen"
    back = read_segments(path, GRID)
    assert [s.title for s in back.segments] == ["некроз/ядро/", "Ödem" * 16, "Label 4"]
    np.testing.assert_array_equal(back.volume.array, LABELS)


def test_reading_needs_no_highdicom(series, monkeypatch):
    path = save(series)
    monkeypatch.setitem(sys.modules, "highdicom", None)
    np.testing.assert_array_equal(read_segments(path, GRID).volume.array, LABELS)


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


@pytest.mark.parametrize(
    "colour", ["#000000", "#ffffff", "#d62728", "#2ca02c", "#ffd400", "#0102fe"]
)
def test_colours_come_back(colour):
    lab = to_cielab(SegmentName(1, "a", "b", colour).rgb)
    assert from_cielab(lab) == colour
    if not hasattr(hd.color.CIELabColor, "from_rgb"):
        pytest.skip("this highdicom knows no RGB")
    theirs = hd.color.CIELabColor.from_rgb(*SegmentName(1, "a", "b", colour).rgb).value
    assert np.abs(np.subtract(lab, theirs)).max() < 200  # of 65535: white points differ a little


@pytest.mark.parametrize(
    ("name", "title", "meaning"),
    [
        ("NCR", "necrotic and non-enhancing core", "Necrosis"),
        ("ED", "peritumoural oedema", "Edema"),
        ("ET", "enhancing tumour", "Enhancing Lesion"),
        ("NET", "non-enhancing tumour", "Non-Enhancing Lesion"),
        ("WT", "whole tumour", "Neoplasm"),
        ("label3", "Label 3", "Lesion"),
    ],
)
def test_terms(name, title, meaning):
    assert term_of(SegmentName(1, name, title)).meaning == meaning
