from __future__ import annotations

import gzip

import numpy as np
import pytest
from imaging.geometries import make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels
from napari_acs.imaging.labels.labelfile import read_segments
from napari_acs.imaging.labels.segments import SegmentName
from napari_acs.imaging.labels.write import save_labels


def slicer_file(path, layers, fields, directions="(1,0,0) (0,1,0) (0,0,3)"):
    """Write a .seg.nrrd with layers as 3D Slicer does: the list is the fastest axis."""
    z, y, x = layers[0].shape
    head = [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        "type: unsigned char",
        "dimension: 4",
        "space: left-posterior-superior",
        f"sizes: {len(layers)} {x} {y} {z}",
        f"space directions: none {directions}",
        "kinds: list domain domain domain",
        "encoding: gzip",
        "space origin: (-10,20,30)",
        *(f"{key}:={value}" for key, value in fields.items()),
        "Segmentation_MasterRepresentation:=Binary labelmap",
    ]
    data = np.stack(layers, axis=-1).astype(np.uint8).tobytes()
    path.write_bytes("\n".join(head).encode() + b"\n\n" + gzip.compress(data))
    return path


def fields(number, title, value, layer):
    own = {"ID": f"Segment_{number}", "Name": title, "LabelValue": value, "Layer": layer}
    own |= {"Color": "1 0 0.5", "Extent": "0 5 0 4 0 3"}
    return {f"Segment{number}_{key}": text for key, text in own.items()}


def two_layers(overlap):
    one, other = np.zeros((2, 4, 5, 6), np.uint8)
    one[1, 1:3, 1:3] = 1
    one[3, 4, 5] = 2
    other[2, 2, 2:5] = 1
    if overlap:
        other[1, 2, 2] = 1
    return one, other


def test_layers_of_3d_slicer_that_do_not_overlap(tmp_path):
    one, other = two_layers(overlap=False)
    named = {**fields(0, "core", 1, 0), **fields(1, "rim", 2, 0), **fields(2, "œdème", 1, 1)}
    path = slicer_file(tmp_path / "s.seg.nrrd", (one, other), named)
    back = read_segments(path)
    expected = np.where(other == 1, 3, one)
    np.testing.assert_array_equal(back.volume.array, expected)
    assert [(s.value, s.title) for s in back.segments] == [(1, "core"), (2, "rim"), (3, "œdème")]
    assert back.segments[0].colour == "#ff0080"
    assert back.volume.grid.spacing == (1, 1, 3)
    assert back.volume.grid.origin == (-10, 20, 30)
    assert "numbered anew" in back.notes[0]


def test_layers_that_overlap_are_refused_by_name(tmp_path):
    named = {**fields(0, "core", 1, 0), **fields(1, "rim", 2, 0), **fields(2, "oedema", 1, 1)}
    path = slicer_file(tmp_path / "s.seg.nrrd", two_layers(overlap=True), named)
    with pytest.raises(BadInput, match=r"s\.seg\.nrrd.*'core' and 'oedema' overlap"):
        read_segments(path)


@pytest.mark.parametrize(("key", "value"), [("Layer", 7), ("LabelValue", 900), ("LabelValue", "x")])
def test_fields_that_contradict_the_voxels(tmp_path, key, value):
    named = {**fields(0, "core", 1, 0), f"Segment0_{key}": value}
    path = slicer_file(tmp_path / "s.seg.nrrd", two_layers(overlap=False), named)
    with pytest.raises(BadInput, match="contradicts itself"):
        read_segments(path)


def test_names_of_any_kind_come_back(tmp_path):
    names = (
        SegmentName(1, "a:=b", "back\\slash: and := signs", "#0102fe"),
        SegmentName(2, "ö", "Ödem (größer)", "#ffffff"),
    )
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1, 2, 3], labels[2, 2, 2] = 1, 2
    for suffix in (".seg.nrrd", ".nrrd"):
        path = save_labels(tmp_path / f"m{suffix}", labels, make_grid(), segments=names).file
        back = read_segments(path)
        assert [s.title for s in back.segments][1] == "Ödem (größer)"
        assert [s.colour for s in back.segments] == ["#0102fe", "#ffffff"]
        np.testing.assert_array_equal(read_labels(path).array, labels)


def test_the_same_mask_gives_the_same_bytes(tmp_path):
    labels = np.eye(4, 5, dtype=np.uint8)[..., None].repeat(6, axis=2)
    names = (SegmentName(1, "ED", "oedema"),)
    one, two = (
        save_labels(tmp_path / name, labels, make_grid(), segments=names).file.read_bytes()
        for name in ("a.seg.nrrd", "b.seg.nrrd")
    )
    assert one == two
    head = one.partition(b"\n\n")[0].decode()
    assert "Segment0_Name:=oedema\n" in head
    assert "Segment0_ID:=ED\n" in head
    assert "Segment0_LabelValue:=1\n" in head
    assert "~SCT^79654002^Edema~" in head
