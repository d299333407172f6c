"""A file that says something else than what was saved is never put in place."""

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from imaging.dicom.series_for_seg import write_series
from imaging.geometries import ORIENTATIONS, make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom import masks
from napari_acs.imaging.labels import encode, reread, write
from napari_acs.imaging.labels.segments import Maker
from napari_acs.imaging.labels.write import save_labels, write_labels

LABELS = np.zeros((4, 5, 6), np.uint8)
LABELS[0, 0, 0] = 1
LABELS[1:3, 1, 2:5] = 2
LABELS[3, 2:, 5] = 4
GRID = make_grid(ORIENTATIONS[3], (0.8, 0.9, 4.0), (5.0, -6.0, 7.0))


def flip(image):
    flipped = sitk.Flip(image, (True, False, False))
    flipped.CopyInformation(image)
    return flipped


def shift(image):
    image.SetOrigin([value + 0.5 for value in image.GetOrigin()])
    return image


def drop(image):
    return sitk.ChangeLabel(image, {4: 0})


@pytest.fixture
def target(tmp_path):
    """Yield a function that tries a save beside and over a file, and sees that nothing changed."""

    def attempt(suffix, said, **more):
        old, new = tmp_path / f"old{suffix}", tmp_path / f"new{suffix}"
        old.write_bytes(b"a day's work")
        before = sorted(path.name for path in tmp_path.iterdir())
        for path in (old, new):
            with pytest.raises(BadInput, match=f"(?s){path.name} would not.*{said}.*was changed"):
                save_labels(path, LABELS, GRID, overwrite=True, **more)
        assert old.read_bytes() == b"a day's work"
        assert sorted(path.name for path in tmp_path.iterdir()) == before

    return attempt


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".seg.nrrd", ".mha"])
@pytest.mark.parametrize(
    ("sabotage", "said"),
    [(flip, "voxels that differ"), (shift, "corners lie up to"), (drop, "voxels that differ")],
)
def test_a_saboteur_of_voxel_files(monkeypatch, target, suffix, sabotage, said):
    real = sitk.WriteImage
    spoilt = lambda image, *rest: real(sabotage(image), *rest)  # noqa: E731
    monkeypatch.setattr(encode.sitk, "WriteImage", spoilt)
    target(suffix, said)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_a_reader_that_shares_the_writers_error(monkeypatch, target, suffix):
    # Both by SimpleITK: were it wrong the same way twice, the header's own bytes still tell.
    real_write, real_read = sitk.WriteImage, reread.read_labels

    def obliging(path):
        back = real_read(path)
        object.__setattr__(back, "grid", GRID)
        return back

    monkeypatch.setattr(
        encode.sitk, "WriteImage", lambda image, *rest: real_write(shift(image), *rest)
    )
    monkeypatch.setattr(reread, "read_labels", obliging)
    target(suffix, "mm from its place by the header's own bytes")


def test_a_slice_of_another_thickness_has_another_volume(monkeypatch, tmp_path):
    # The corners of a single slice say nothing of its thickness.
    real = sitk.WriteImage

    def thicker(image, *rest):
        image.SetSpacing((0.8, 0.9, 5.0))
        real(image, *rest)

    monkeypatch.setattr(encode.sitk, "WriteImage", thicker)
    grid = make_grid(spacing=(0.8, 0.9, 4.0), size=(6, 5, 1))
    with pytest.raises(BadInput, match=r"ml instead of .* ml by the header's own bytes"):
        save_labels(tmp_path / "mask.mha", LABELS[1:2], grid)


def _frames(edit):
    def spoil(path, *rest):
        dataset = pydicom.dcmread(path)
        edit(dataset)
        dataset.save_as(path)

    return spoil


def _shift_frames(dataset):
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        at = frame.PlanePositionSequence[0]
        at.ImagePositionPatient = [at.ImagePositionPatient[0] + 0.8, *at.ImagePositionPatient[1:]]


def _flip_frames(dataset):
    bits = np.packbits(dataset.pixel_array[:, :, ::-1].ravel(), bitorder="little").tobytes()
    dataset.PixelData = bits + b"\0" * (len(bits) % 2)


def _relabel_frames(dataset):
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 1


def _shift_contours(dataset):
    for region in dataset.ROIContourSequence:
        for contour in region.ContourSequence:
            contour.ContourData = [
                float(value) + (0.3 if index % 3 == 0 else 0)
                for index, value in enumerate(contour.ContourData)
            ]


def _drop_region(dataset):
    del dataset.ROIContourSequence[1]


@pytest.mark.parametrize(
    ("suffix", "edit", "said"),
    [
        (".dcm", _shift_frames, "outside its grid"),
        (".dcm", _flip_frames, "voxels that differ"),
        (".dcm", _relabel_frames, "voxels that differ"),
        (".rtstruct.dcm", _shift_contours, "mm from its place by the area"),
        (".rtstruct.dcm", _drop_region, "voxels that differ"),
    ],
)
def test_a_saboteur_of_dicom_files(monkeypatch, tmp_path, target, suffix, edit, said):
    name = "write_rtstruct" if "rt" in suffix else "write_seg"
    real, spoil = getattr(masks, name), _frames(edit)

    def spoilt(path, *rest):
        real(path, *rest)
        spoil(path)

    monkeypatch.setattr(masks, name, spoilt)
    target(suffix, said, dicom=write_series(tmp_path, GRID))


def test_the_proof_is_data_too(tmp_path):
    proof = save_labels(tmp_path / "mask.mha", LABELS, GRID, maker=Maker("MANUAL"))
    record = json.loads(json.dumps(proof.record()))
    assert record["file"] == "mask.mha"
    assert record["format"] == "MetaImage"
    assert [label["voxels"] for label in record["labels"]] == [1, 6, 3]
    assert str(tmp_path) not in json.dumps(record)


def test_write_labels_is_the_same_save(tmp_path, monkeypatch):
    path = write_labels(tmp_path / "mask.nii.gz", LABELS, GRID)
    assert path == tmp_path / "mask.nii.gz"
    monkeypatch.setattr(write, "save_labels", lambda *_a, **_k: pytest.fail("called"))
    with pytest.raises(pytest.fail.Exception):
        write_labels(path, LABELS, GRID)
