"""Hostile input through the command line: a sentence, exit 2, nothing lost, nothing fired."""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
import struct
from hashlib import sha256

import numpy as np
import pytest
import SimpleITK as sitk


def _edit(path, change):
    image = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(image)
    done = sitk.GetImageFromArray(change(array))
    done.CopyInformation(image)
    sitk.WriteImage(done, str(path))


def _truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _cut_inside(path):
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-9000]))


def _with(value):
    def change(array):
        array = array.astype(np.float32)
        array[10, 12, 14] = value
        return array

    return lambda path: _edit(path, change)


def _constant(path):
    _edit(path, lambda array: np.full_like(array, 7))


def _one_slice(path):
    image = sitk.ReadImage(str(path))
    sitk.WriteImage(image[:, :, 10:11], str(path))


def _four_d(path):
    image = sitk.ReadImage(str(path))
    sitk.WriteImage(sitk.JoinSeries([image, image]), str(path))


def _complex(path):
    _edit(path, lambda array: array.astype(np.complex64))


def _rgb(path):
    image = sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkUInt8)
    sitk.WriteImage(sitk.Compose(image, image, image), str(path))


def _zero_spacing(path):
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[80:84] = struct.pack("<f", 0.0)  # pixdim[1]
    path.write_bytes(gzip.compress(bytes(raw)))


def _text(path):
    path.write_bytes(b"this is not an image")


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncated, "truncated"),
        (_cut_inside, "truncated"),
        (_with(np.nan), "NaN"),
        (_with(np.inf), "NaN or infinite"),
        (_constant, "in every voxel"),
        (_one_slice, "3D"),
        (_four_d, "4D"),
        (_complex, "complex"),
        (_rgb, "grey-value"),
        (_zero_spacing, "spacing"),
        (_text, "not"),
        (_empty, "case_flair.nii.gz"),
    ],
)
def test_a_spoilt_sequence_is_refused_by_name(try_segment, study_dir, spoil, words):
    path = study_dir / "case_flair.nii.gz"
    spoil(path)
    before = {p: p.read_bytes() for p in study_dir.iterdir()}
    done, mask = try_segment()
    assert done.exit_code == 2, done.output
    assert path.name in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert {p: p.read_bytes() for p in study_dir.iterdir()} == before
    assert not mask.exists()


def _spoilt_bundle(bundle_dir, tmp_path, change):
    folder = tmp_path / "spoilt"
    shutil.copytree(bundle_dir, folder)
    change(folder)
    return folder


def _refused(try_segment, folder):
    done, mask = try_segment("--model", folder)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.stderr
    assert not mask.exists()
    return done.stderr


def test_tampered_weights_are_refused(try_segment, bundle_dir, tmp_path):
    def change(folder):
        file = folder / "weights.safetensors"
        raw = bytearray(file.read_bytes())
        raw[-3] ^= 1
        file.write_bytes(bytes(raw))

    folder = _spoilt_bundle(bundle_dir, tmp_path, change)
    assert "sha256" in _refused(try_segment, folder)


def test_a_pickle_bomb_in_place_of_the_weights_does_not_fire(
    try_segment, bundle_dir, tmp_path, bomb
):
    raw, fired = bomb

    def as_safetensors(folder):
        """A bomb under the name and with the hash that model.json pins."""
        (folder / "weights.safetensors").write_bytes(raw)
        spec = json.loads((folder / "model.json").read_text())
        spec["weights"] |= {"sha256": sha256(raw).hexdigest(), "size_bytes": len(raw)}
        (folder / "model.json").write_text(json.dumps(spec))

    folder = _spoilt_bundle(bundle_dir, tmp_path, as_safetensors)
    assert "safetensors" in _refused(try_segment, folder)
    shutil.rmtree(folder)

    def as_pt(folder):
        as_safetensors(folder)
        (folder / "weights.safetensors").rename(folder / "weights.pt")
        spec = json.loads((folder / "model.json").read_text())
        spec["weights"]["file"] = "weights.pt"
        (folder / "model.json").write_text(json.dumps(spec))

    folder = _spoilt_bundle(bundle_dir, tmp_path, as_pt)
    assert "weights" in _refused(try_segment, folder)
    assert not fired.exists()


def test_the_bomb_would_have_fired(bomb):
    raw, fired = bomb
    pickle.loads(raw)
    assert fired.is_dir()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 99}', '{"format": 1}', '{"format": 1, "id": "../x"}']
)
def test_a_spoilt_model_json_is_refused(try_segment, bundle_dir, tmp_path, text):
    folder = _spoilt_bundle(bundle_dir, tmp_path, lambda f: (f / "model.json").write_text(text))
    assert "model.json" in _refused(try_segment, folder)
