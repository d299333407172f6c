"""DICOM segmentations that we write, as other readers see them."""

from __future__ import annotations

import sys

import numpy as np
import pydicom
import pytest
from imaging.dicom.seg_labels import GRID, LABELS, NAMES, refused
from imaging.dicom.series_for_seg import as_dicom, write_multiframe, write_series
from imaging.geometries import make_grid
from pydicom.sr.codedict import codes

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.cielab import from_cielab, to_cielab
from napari_acs.imaging.dicom.origin import DicomOrigin
from napari_acs.imaging.dicom.seg_codes import term_of
from napari_acs.imaging.labels.labelfile import read_segments
from napari_acs.imaging.labels.segments import Maker, SegmentName
from napari_acs.imaging.labels.write import save_labels

hd = pytest.importorskip("highdicom")


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


@pytest.mark.parametrize(
    "colour", ["#000000", "#ffffff", "#d62728", "#00a08a", "#ffd400", "#0102fe"]
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
