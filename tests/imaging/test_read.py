from __future__ import annotations

import gzip
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from imaging.geometries import FORMATS, make_grid, noise, save, to_image

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, read_grid, read_labels, read_volume

GOOD_AXES = "1 0 0 0 1 0 0 0 1"


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


def meta(path, spacing="1 1 1", axes=GOOD_AXES, origin="0 0 0"):
    path.write_bytes(
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\nTransformMatrix = {axes}\n"
        f"Offset = {origin}\nElementSpacing = {spacing}\nDimSize = 6 5 4\n"
        "ElementType = MET_SHORT\nElementDataFile = LOCAL\n".encode()
        + noise().tobytes()
    )
    return path


def nrrd(path, axes="(1,0,0) (0,1,0) (0,0,1)", origin="(0,0,0)"):
    path.write_bytes(
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 6 5 4\n"
        f"space directions: {axes}\nkinds: domain domain domain\nendian: little\n"
        f"encoding: raw\nspace origin: {origin}\n\n".encode()
        + noise().tobytes()
    )
    return path


def nifti(path, affine=None, data=None, **fields):
    image = nibabel.Nifti1Image(noise().T if data is None else data, affine)
    if affine is not None:
        image.header.set_sform(affine, 1)
        image.header["qform_code"] = 0
    nibabel.save(image, path)
    raw = bytearray(path.read_bytes())
    places = {"spacing_x": (80, "<f"), "offset": (108, "<f"), "qform": (252, "<h")}
    for name, value in fields.items():
        offset, kind = places[name]
        struct.pack_into(kind, raw, offset, value)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_voxels_come_in_the_type_they_are_stored_in(tmp_path, suffix, dtype):
    array = np.clip(noise(), 0, 250).astype(dtype)
    volume = read_volume(str(save(tmp_path / f"image{suffix}", array)))
    assert volume.array.dtype == dtype
    np.testing.assert_array_equal(volume.array, array)
    assert volume.source == tmp_path / f"image{suffix}"


def test_slope_and_intercept_are_applied(tmp_path):
    image = nibabel.Nifti1Image(noise().T, np.eye(4))
    image.header.set_slope_inter(0.5, -10)
    nibabel.save(image, tmp_path / "image.nii")
    expected = nibabel.load(tmp_path / "image.nii").get_fdata().T
    np.testing.assert_allclose(read_volume(tmp_path / "image.nii").array, expected, rtol=1e-6)


def test_detached_data_are_read_and_their_absence_is_said(tmp_path):
    for suffix in (".mhd", ".nhdr"):
        path = save(tmp_path / f"image{suffix}", noise())
        np.testing.assert_array_equal(read_volume(path).array, noise())
        for data in tmp_path.glob("image.*raw*"):
            data.unlink()
        with refused(path.name):
            read_volume(path)


def test_a_fourth_axis_of_one_volume_is_no_fourth_axis(tmp_path):
    path = nifti(tmp_path / "image.nii", data=noise().T[..., None])
    np.testing.assert_array_equal(read_volume(path).array, noise())


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.97])
def test_truncated_files_are_refused(tmp_path, capfd, suffix, compressed, part):
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(to_image(noise((40, 50, 60)), make_grid(size=(60, 50, 40))), path, compressed)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * part)])
    with refused(path.name):
        read_volume(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_flipped_bit_in_compressed_data_is_refused(tmp_path, capfd, suffix):
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(to_image(noise((40, 50, 60)), make_grid(size=(60, 50, 40))), path, True)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0x55
    path.write_bytes(raw)
    with refused(path.name, "damaged"):
        read_volume(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x1f\x8b\x08", gzip.compress(b"hello" * 99, mtime=0)]
)
def test_files_that_are_something_else_are_refused(tmp_path, capfd, suffix, content):
    path = tmp_path / f"image{suffix}"
    path.write_bytes(content)
    for read in (read_volume, read_grid):
        with refused(path.name):
            read(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("spacing", [0.0, np.nan, -2.0, np.inf])
@pytest.mark.parametrize("qform", [0, 1])
def test_a_nifti_spacing_that_is_none_is_refused(tmp_path, capfd, spacing, qform):
    path = nifti(tmp_path / "image.nii", np.diag([2.0, 2, 2, 1]), spacing_x=spacing, qform=qform)
    with refused("image.nii", "spacing", f"{spacing:g}"):
        read_volume(path)
    assert capfd.readouterr().err == ""


def test_a_nifti_header_of_two_spacings_is_refused(tmp_path):
    # SimpleITK would take pixdim's 3 mm, nibabel the sform's 2 mm.
    path = nifti(tmp_path / "image.nii", np.diag([2.0, 2, 2, 1]), spacing_x=3.0)
    with refused("contradicts itself", r"\(3, 2, 2\)", r"\(2, 2, 2\)"):
        read_volume(path)


@pytest.mark.parametrize("spacing", ["0 1 1", "nan 1 1", "-1 1 1"])
def test_a_metaimage_spacing_that_is_none_is_refused(tmp_path, spacing):
    with refused("image.mha", "spacing"):
        read_volume(meta(tmp_path / "image.mha", spacing))


@pytest.mark.parametrize("axes", ["(0,0,0) (0,1,0) (0,0,1)", "(nan,0,0) (0,1,0) (0,0,1)"])
def test_an_nrrd_spacing_that_is_none_is_refused(tmp_path, axes):
    with refused("image.nrrd", "spacing"):
        read_volume(nrrd(tmp_path / "image.nrrd", axes))


def test_sheared_axes_are_refused_in_every_format(tmp_path):
    shear = np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    shear[:, 1] /= np.linalg.norm(shear[:, 1])
    for path in (
        nifti(tmp_path / "image.nii", shear),
        meta(tmp_path / "image.mha", axes="1 0 0 0.3 1 0 0 0 1"),
        meta(tmp_path / "flat.mha", axes="1 0 0 1 0 0 0 0 1"),
        nrrd(tmp_path / "image.nrrd", "(1,0,0) (0.3,1,0) (0,0,1)"),
    ):
        with refused(path.name, "not perpendicular"):
            read_volume(path)


def test_the_same_headers_without_a_fault_are_read(tmp_path):
    for path in (
        nifti(tmp_path / "image.nii", np.diag([2.0, 2, 2, 1])),
        meta(tmp_path / "image.mha"),
        nrrd(tmp_path / "image.nrrd"),
    ):
        np.testing.assert_array_equal(read_volume(path).array, noise())
        assert read_grid(path) == Grid.from_image(sitk.ReadImage(str(path)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.ones((6, 5, 4, 3), np.int16), "4D.*6 x 5 x 4 x 3"),
        (np.ones((6, 5, 4, 1, 3), np.float32), "5D"),
        (np.ones((6, 5), np.int16), "2D"),
        (np.ones((6, 5, 4), np.complex64), "complex"),
        (np.zeros((6, 5, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "vector"),
    ],
)
def test_what_is_no_3d_grey_value_image_is_refused(tmp_path, data, said):
    path = nifti(tmp_path / "image.nii", data=data)
    for read in (read_volume, read_labels, read_grid):
        with refused("image.nii", said):
            read(path)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_colours_and_fourth_axes_are_refused_in_other_formats(tmp_path, suffix):
    colour = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), np.uint8), isVector=True)
    sitk.WriteImage(colour, tmp_path / f"colour{suffix}")
    with refused("colour", "vector"):
        read_volume(tmp_path / f"colour{suffix}")
    sitk.WriteImage(
        sitk.GetImageFromArray(np.zeros((3, 4, 5, 6)), isVector=False), tmp_path / f"time{suffix}"
    )
    with refused("time", "4D"):
        read_volume(tmp_path / f"time{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_numbers_are_refused(tmp_path, suffix, dtype, value):
    array = noise((40, 50, 60)).astype(dtype)
    array[3, 4, 5] = array[-1, -1, -1] = value
    with refused(f"image{suffix}", "2 voxel.*NaN or infinite"):
        read_volume(save(tmp_path / f"image{suffix}", array))


def test_voxels_that_are_no_numbers_are_refused_in_the_other_byte_order(tmp_path):
    data = noise().T.astype(">f4")
    data[0, 0, 0] = np.nan
    image = nibabel.Nifti1Image(data, np.eye(4), nibabel.Nifti1Header(endianness=">"))
    image.header.set_data_dtype(">f4")
    nibabel.save(image, tmp_path / "image.nii.gz")
    with refused(r"image\.nii\.gz", "1 voxel.*NaN or infinite"):
        read_volume(tmp_path / "image.nii.gz")


def test_large_numbers_are_numbers(tmp_path):
    array = np.full((4, 5, 6), 3e38, np.float32)
    array[0] = 0
    np.testing.assert_array_equal(read_volume(save(tmp_path / "i.nrrd", array)).array, array)


def test_nifti_2_is_refused_by_name(tmp_path):
    nibabel.save(nibabel.Nifti2Image(noise().T, np.eye(4)), tmp_path / "image.nii")
    with refused("image.nii", "NIfTI-2", "Convert"):
        read_volume(tmp_path / "image.nii")


@pytest.mark.parametrize("name", ["gone.nii.gz", "gone.nrrd", "gone.mha"])
def test_a_missing_file_is_refused(tmp_path, name):
    with refused(name, "no such file"):
        read_volume(tmp_path / name)


def test_other_files_and_folders_are_refused(tmp_path):
    for name in ("image.png", "image.dcm", "image.gz", "nii.gz"):
        (tmp_path / name).write_bytes(b"x")
        with refused(name, r"\.nii\.gz"):
            read_volume(tmp_path / name)
    (tmp_path / "folder.nii.gz").mkdir()
    with refused("folder.nii.gz"):
        read_volume(tmp_path / "folder.nii.gz")


def test_labels_of_any_type_come_as_uint8(tmp_path):
    labels = noise().clip(0, 255)
    for dtype in (np.uint8, np.int16, np.int32, np.float32, np.float64):
        path = save(tmp_path / f"{np.dtype(dtype)}.nrrd", labels.astype(dtype))
        assert read_labels(path).array.dtype == np.uint8
        np.testing.assert_array_equal(read_labels(path).array, labels)


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0, np.nan, np.inf])
def test_what_is_no_label_is_refused(tmp_path, value):
    labels = np.zeros((4, 5, 6), np.float32)
    labels[1, 1, 1] = value
    with refused("mask.nii.gz", "(0 to 255|NaN or infinite)"):
        read_labels(save(tmp_path / "mask.nii.gz", labels))
