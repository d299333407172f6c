"""Archives give their DICOM files, and nothing that an archive says is trusted."""

from __future__ import annotations

import stat
import zipfile

import numpy as np
import pytest
from imaging.dicom.write import write_series
from imaging.geometries import make_grid, noise

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.dicom import find_series, read_series, unpacked

GRID = make_grid(spacing=(0.9, 0.8, 5.5), tilt=(0.1, 0.2, 0.0))


def zipped(folder, path, names=str):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, names(file.relative_to(folder)))
    return path


def test_zip(tmp_path):
    write_series(tmp_path / "in" / "DOE^JANE", noise(), GRID)
    archive = zipped(tmp_path / "in", tmp_path / "study.zip")
    with unpacked(archive) as folder:
        (series,) = find_series(folder)
        np.testing.assert_array_equal(read_series(series).array, noise())
        assert not [file for file in folder.rglob("*") if "DOE" in file.name]
    assert not folder.exists()
    target = tmp_path / "out"
    target.mkdir()
    assert len(find_series(archive, unpack_to=target)) == 1
    with pytest.raises(ValueError, match="unpack_to"):
        find_series(archive)
    with unpacked(tmp_path) as same:
        assert same == tmp_path


@pytest.mark.parametrize("name", ["../../evil.dcm", "/etc/evil.dcm", "a/..\\..\\evil", "C:\\evil"])
def test_zip_that_leads_out_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, b"\0" * 128 + b"DICM")
    with pytest.raises(BadInput, match="leads out"), unpacked(tmp_path / "x.zip"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.zip"]


def test_zip_bombs_links_and_damage_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * (100 << 20))
    with pytest.raises(BadInput, match="100 MiB in a file"), unpacked(path):
        pass
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadInput, match="a link"), unpacked(path):
        pass
    path.write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(BadInput, match="damaged archive"), unpacked(path):
        pass
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(20):
            archive.writestr(str(index), "")
    monkeypatch.setattr("napari_acs.imaging.dicom.archive._MOST_ENTRIES", 10)
    with pytest.raises(BadInput, match="20 entries"), unpacked(path):
        pass


def test_zip_entry_that_lies_about_its_size_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    content = b"\0" * 128 + b"DICM" + bytes(1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content)
    data = path.read_bytes()
    size = len(content).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(BadInput, match="damaged archive"), unpacked(path):
        pass


def test_deflated_bomb_is_no_slice(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_acs.imaging.dicom.open._MOST_INFLATED", 1 << 20)

    def grow(dataset, z):
        if z == 0:
            dataset.private_block(0x0011, "BOMB", create=True).add_new(1, "OB", bytes(8 << 20))

    write_series(tmp_path, noise(), GRID, syntax="1.2.840.10008.1.2.1.99", edit=grow)
    (series,) = find_series(tmp_path)
    assert series.slices == 3


def test_cancelled_while_unpacking(tmp_path):
    write_series(tmp_path / "in", noise(), GRID)
    archive = zipped(tmp_path / "in", tmp_path / "study.zip")
    with pytest.raises(Cancelled), unpacked(archive, cancelled=lambda: True):
        pass


def test_encrypted_archive_is_refused(tmp_path):
    write_series(tmp_path / "in", noise(), GRID)
    path = zipped(tmp_path / "in", tmp_path / "study.zip")
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 1)
    path.write_bytes(data)
    with pytest.raises(BadInput, match="without a password"), unpacked(path):
        pass
