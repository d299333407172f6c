"""Hostile archives of bundles: each is refused with a sentence; nothing is written or grows."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from napari_acs.errors import BadInput
from napari_acs.models import add_bundle


def _zip(path: Path, tiny: Path, *more) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in tiny.iterdir():
            packed.write(file, f"tiny/{file.name}")
        for name, data in more:
            packed.writestr(name, data)
    return path


def _link(name: str, target: str):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, target


EVIL_ENTRIES = {
    "slip": [("../evil", b"x")],
    "slip inside": [("tiny/../../evil", b"x")],
    "absolute": [("/tmp/evil", b"x")],
    "backslash": [("tiny\\..\\..\\evil", b"x")],
    "drive": [("C:evil", b"x")],
    "link": [_link("tiny/LICENSE-2", "/etc/passwd")],
    "twice": [("tiny/CARD.md", b"x")],
    "two bundles": [("other/model.json", b"{}")],
    "many": [(f"tiny/{i}", b"") for i in range(1001)],
    "bomb": [("tiny/zeros", bytes(80 * 2**20))],
    "bomb as licence": [("tiny/LICENSE-3", bytes(2 * 2**20))],
}


@pytest.mark.parametrize("entries", EVIL_ENTRIES.values(), ids=EVIL_ENTRIES)
def test_a_hostile_archive_is_a_sentence_and_leaves_nothing(entries, tiny, mine, edit, tmp_path):
    archive = _zip(tmp_path / "evil.zip", tiny, *entries)
    outside = edit.content(tmp_path)
    with pytest.raises(BadInput, match=r"refused|not one model bundle") as refusal:
        add_bundle(archive)
    assert refusal.value.found
    assert str(archive) in refusal.value.sentence()
    assert edit.content(tmp_path) == outside


def test_an_archive_that_lies_about_its_sizes_gives_no_more_than_it_says(tiny, mine, tmp_path):
    archive = _zip(tmp_path / "lie.zip", tiny)
    raw = archive.read_bytes()
    size = (tiny / "weights.safetensors").stat().st_size
    true, false = size.to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert raw.count(true) >= 2
    archive.write_bytes(raw.replace(true, false))
    with pytest.raises(BadInput):
        add_bundle(archive)
    assert list(mine.iterdir()) == []


def test_damaged_and_encrypted_archives_are_sentences(tiny, mine, tmp_path):
    archive = _zip(tmp_path / "b.zip", tiny)
    raw = bytearray(archive.read_bytes())
    archive.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(BadInput, match="damaged"):
        add_bundle(archive)
    middle = len(raw) // 2
    raw[middle : middle + 64] = bytes(64)
    archive.write_bytes(raw)
    with pytest.raises(BadInput):
        add_bundle(archive)
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("model.json", "{}")
    locked = bytearray(archive.read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(locked)
    with pytest.raises(BadInput, match="encrypted"):
        add_bundle(archive)
    assert list(mine.iterdir()) == []
