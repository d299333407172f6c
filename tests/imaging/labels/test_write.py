from __future__ import annotations

import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from imaging.geometries import (
    FORMATS,
    ORIENTATIONS,
    make_grid,
    noise,
    origins,
    save,
    spacings,
    tilts,
)
from scipy.ndimage import center_of_mass

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, read_grid, read_labels, read_volume, write_labels
from napari_acs.imaging.nifti import check_nifti

LABELS = np.zeros((4, 5, 6), np.uint8)
LABELS[0, 0, 0] = 1  # a corner: a flip moves it
LABELS[1:3, 1, 2:5] = 2
LABELS[3, 2:, 5] = 4
LABELS.flags.writeable = False

GEOMETRY_FIELDS = (
    *("pixdim", "xyzt_units", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d"),
    *("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z"),
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def centroids_by_simpleitk(path):
    image = sitk.ReadImage(str(path))
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.Execute(image)
    return {label: shapes.GetCentroid(label) for label in shapes.GetLabels()}


def centroids_by_nibabel(path):
    image = nibabel.load(path)
    data = np.asarray(image.dataobj)
    points = {}
    for label in (1, 2, 4):
        right, front, up = image.affine[:3] @ [*center_of_mass(data == label), 1]
        points[label] = (-right, -front, up)
    return points


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=3)
@given(spacing=spacings, origin=origins, tilt=tilts)
def test_round_trip_in_48_orientations(suffix, tmp_path_factory, spacing, origin, tilt):
    folder = tmp_path_factory.mktemp("round")
    for number, orientation in enumerate(ORIENTATIONS):
        drawn = make_grid(orientation, spacing, origin, tilt)
        array = noise(seed=number)
        source = save(folder / f"source{number}{suffix}", array, drawn)
        volume = read_volume(source)
        np.testing.assert_array_equal(volume.array, array)
        assert volume.array.dtype == array.dtype
        assert volume.grid == Grid.from_image(sitk.ReadImage(str(source)))
        assert volume.grid.difference(drawn) is None
        if suffix == ".mha":
            assert volume.grid == drawn

        mask = write_labels(folder / f"mask{number}{suffix}", LABELS, volume.grid, source=source)
        back = read_labels(mask)
        np.testing.assert_array_equal(back.array, LABELS)
        assert back.array.dtype == np.uint8
        assert back.grid == volume.grid, f"orientation {number}"  # every number, bit for bit
        # Not only by our own reading: SimpleITK alone says the same.
        assert Grid.from_image(sitk.ReadImage(str(mask))) == volume.grid

        nifti = write_labels(folder / f"n{number}.nii.gz", LABELS, volume.grid, source=source)
        by_nibabel, by_simpleitk = centroids_by_nibabel(nifti), centroids_by_simpleitk(mask)
        assert by_nibabel.keys() == by_simpleitk.keys() == {1, 2, 4}
        for label, (x, y, z) in by_simpleitk.items():
            np.testing.assert_allclose(by_nibabel[label], (x, y, z), atol=2e-3)
            index = np.mean(np.argwhere(label == LABELS)[:, ::-1], axis=0)
            np.testing.assert_allclose(drawn.index_to_point([index])[0], (x, y, z), atol=2e-3)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("source_suffix", FORMATS)
@settings(max_examples=30)
@given(spacing=spacings, origin=origins, tilt=tilts)
def test_other_formats_hold_what_they_can(
    source_suffix, suffix, tmp_path_factory, spacing, origin, tilt
):
    folder = tmp_path_factory.mktemp("cross")
    drawn = make_grid(ORIENTATIONS[abs(hash(spacing)) % 48], spacing, origin, tilt)
    source = save(folder / f"source{source_suffix}", noise(), drawn)
    grid = read_grid(source)
    for given_source in (source, None):
        back = read_grid(
            write_labels(
                folder / f"mask{suffix}", LABELS, grid, source=given_source, overwrite=True
            )
        )
        if suffix == ".mha":
            assert back == grid
        off = np.abs(back.corners() - grid.corners()).max()
        assert off <= (1e-12 if suffix == ".nrrd" else 1e-4)


def test_a_nifti_mask_has_the_header_geometry_of_its_source(tmp_path):
    # A qform of the scanner and an sform of MNI space with scaling, as FSL writes; big-endian.
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_shape((6, 5, 4))
    header.set_data_dtype(np.int16)
    qform = np.array([[-0.9, 0, 0, 90], [0, 1.1, 0, -126], [0, 0, 2.5, -72], [0, 0, 0, 1]])
    header.set_qform(qform, 1)
    header.set_sform(qform @ np.diag([1.1, 0.9, 1.05, 1]), 4)
    header.set_xyzt_units("mm", "msec")
    header["pixdim"][4] = 2.5
    source = tmp_path / "source.nii.gz"
    nibabel.save(nibabel.Nifti1Image(noise().T.astype(">i2"), None, header), source)
    mask = write_labels(tmp_path / "mask.nii.gz", LABELS, read_grid(source), source=source)
    ours, theirs = nibabel.load(mask), nibabel.load(source)
    for field in GEOMETRY_FIELDS:
        np.testing.assert_array_equal(ours.header[field], theirs.header[field], err_msg=field)
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    assert ours.shape == theirs.shape
    assert read_grid(mask) == read_grid(source)


def test_the_same_mask_gives_the_same_bytes(tmp_path):
    one = write_labels(tmp_path / "a.nii.gz", LABELS, make_grid())
    two = write_labels(tmp_path / "b.nii.gz", LABELS, make_grid())
    assert one.read_bytes() == two.read_bytes()
    assert check_nifti(one).codes != (0, 0)


def test_nothing_but_the_mask_is_left(tmp_path):
    source = save(tmp_path / "source.nii.gz", noise())
    for suffix in FORMATS:
        write_labels(tmp_path / f"mask{suffix}", LABELS.astype(int), make_grid(), source=source)
    expected = {"source.nii.gz", *(f"mask{suffix}" for suffix in FORMATS)}
    assert names(tmp_path) == sorted(expected)


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_existing_file_is_kept_unless_it_may_be_replaced(tmp_path, suffix):
    target = tmp_path / f"mask{suffix}"
    target.write_bytes(b"a day's work")
    with refused("there already", target.name):
        write_labels(target, LABELS, make_grid())
    assert target.read_bytes() == b"a day's work"
    write_labels(target, LABELS, make_grid(), overwrite=True)
    np.testing.assert_array_equal(read_labels(target).array, LABELS)


def test_a_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    target = tmp_path / "mask.nii.gz"
    monkeypatch.setattr("os.fsync", lambda _: target.write_bytes(b"another program's"))
    with refused("there already"):
        write_labels(target, LABELS, make_grid())
    assert target.read_bytes() == b"another program's"
    assert names(tmp_path) == ["mask.nii.gz"]


def test_a_dangling_link_is_an_existing_target(tmp_path):
    (tmp_path / "mask.nrrd").symlink_to(tmp_path / "gone.nrrd")
    with refused("there already"):
        write_labels(tmp_path / "mask.nrrd", LABELS, make_grid())


@pytest.mark.parametrize("step", ["encode", "reread", "os.fsync"])
def test_a_disk_that_fills_up_changes_nothing(tmp_path, monkeypatch, step):
    target = write_labels(tmp_path / "mask.nii.gz", LABELS, make_grid())
    before = target.read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step if "." in step else f"napari_acs.imaging.labels.write.{step}", full)
    with refused("mask.nii.gz", "No space left", "nothing was changed"):
        write_labels(target, LABELS + 1, make_grid(), overwrite=True)
    assert target.read_bytes() == before
    assert names(tmp_path) == ["mask.nii.gz"]


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii"])
def test_a_file_that_breaks_off_unsaid_is_not_taken_for_an_image_of_the_user(
    tmp_path, monkeypatch, suffix
):
    source = save(tmp_path / "t1.nii.gz", noise())
    target = tmp_path / f"mask{suffix}"
    real = sitk.WriteImage

    def full(image, path, *rest):  # ITK's NIfTI writer says nothing where the disk is full
        real(image, path, *rest)
        os.truncate(path, 360)

    monkeypatch.setattr("SimpleITK.WriteImage", full)
    with refused(target.name, "breaks off", "free some space; nothing was changed"):
        write_labels(target, LABELS, read_grid(source), source=source)
    assert names(tmp_path) == ["t1.nii.gz"]


def test_a_file_that_reads_back_otherwise_is_refused(tmp_path, monkeypatch):
    # As a format would that cannot hold the grid: one that loses the direction.
    real = sitk.WriteImage

    def forgetful(image, *rest):
        image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, 1))
        real(image, *rest)

    monkeypatch.setattr("napari_acs.imaging.labels.encode.sitk.WriteImage", forgetful)
    with refused("mask.mha", "flipped or swapped", "nothing was changed"):
        write_labels(tmp_path / "mask.mha", LABELS, make_grid(ORIENTATIONS[1]))
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_voxel_that_reads_back_otherwise_is_refused(tmp_path, monkeypatch, suffix):
    real = sitk.WriteImage

    def careless(image, *rest):
        image[1, 1, 1] = 9
        real(image, *rest)

    monkeypatch.setattr("napari_acs.imaging.labels.encode.sitk.WriteImage", careless)
    with refused(rf"mask\{suffix}", "voxels that differ", "nothing was changed"):
        write_labels(tmp_path / f"mask{suffix}", LABELS, make_grid())
    assert names(tmp_path) == []


def test_a_source_that_differs_by_rounding_does_not_spoil_the_grid(tmp_path):
    grid = read_grid(save(tmp_path / "one.nii.gz", noise(), make_grid(tilt=(0.1, 0.2, 0.3))))
    save(tmp_path / "other.nii.gz", noise(), make_grid(tilt=(0.1, 0.2, 0.3), origin=(0.001, 0, 0)))
    mask = write_labels(tmp_path / "m.nii.gz", LABELS, grid, source=tmp_path / "other.nii.gz")
    assert np.abs(read_grid(mask).corners() - grid.corners()).max() < 1e-5


@pytest.mark.parametrize("folder", ["/proc", "sealed"])
def test_an_unwritable_folder_is_refused(tmp_path, folder):
    if folder == "sealed":
        if os.geteuid() == 0:
            folder = "/proc/self"  # root may write everywhere but in /proc
        else:
            (tmp_path / folder).mkdir(mode=0o555)
            folder = tmp_path / folder
    with refused("mask.nii.gz cannot be written"):
        write_labels(Path(folder) / "mask.nii.gz", LABELS, make_grid())


def test_targets_that_make_no_sense_are_refused(tmp_path):
    with refused("no folder", "Create the folder"):
        write_labels(tmp_path / "gone" / "mask.nii.gz", LABELS, make_grid())
    with refused("mask.png", r"\.nii\.gz"):
        write_labels(tmp_path / "mask.png", LABELS, make_grid())
    (tmp_path / "folder.nii.gz").mkdir()
    with refused("is a folder"):
        write_labels(tmp_path / "folder.nii.gz", LABELS, make_grid(), overwrite=True)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (LABELS[:2], r"shape \(2, 5, 6\)"),
        (LABELS[None], "shape"),
        (LABELS.astype(float), "float64"),
        (LABELS.astype(int) - 1, "-1 to 3"),
        (LABELS.astype(int) * 100, "0 to 400"),
    ],
)
def test_what_is_no_label_map_is_refused(tmp_path, labels, said):
    with refused("mask.nii.gz", said):
        write_labels(tmp_path / "mask.nii.gz", labels, make_grid())
    assert names(tmp_path) == []


def test_a_source_on_another_grid_is_refused(tmp_path):
    source = save(tmp_path / "source.nii.gz", noise(), make_grid(origin=(0, 0, 3)))
    with refused("source.nii.gz", "3 mm apart"):
        write_labels(tmp_path / "mask.nii.gz", LABELS, make_grid(), source=source)
    assert names(tmp_path) == ["source.nii.gz"]


def test_a_source_that_has_gone_is_no_obstacle(tmp_path):
    mask = write_labels(tmp_path / "m.mha", LABELS, make_grid(), source=tmp_path / "gone.nii.gz")
    assert read_grid(mask) == make_grid()
