"""Hostile bundles: each is refused with a sentence; nothing runs, is written or grows."""

from __future__ import annotations

import io
import json
import os
import pickle
import resource
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from napari_acs.errors import BadInput
from napari_acs.models import add_bundle, fitting, load_bundle
from napari_acs.models.spec import FORMAT


class _Bomb:
    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self):
        return os.mkdir, (str(self.sign),)


def _pickled(tmp_path: Path, *, by_torch: bool) -> bytes:
    bomb = {"weight": _Bomb(tmp_path / "went-off")}
    if not by_torch:
        return pickle.dumps(bomb)
    file = io.BytesIO()
    torch.save(bomb, file)
    return file.getvalue()


def _weights(change):
    def spoil(folder, edit):
        state = load_file(folder / "weights.safetensors")
        change(state)
        edit.weights(folder, save(state))

    return spoil


def _nan(state):
    state["head.weight"][0] = float("nan")


def _wrong_shape(state):
    state["head.weight"] = state["head.weight"][:2].clone()


def _missing(state):
    del state["head.weight"]


def _quantised(state):
    state["head.weight"] = (state["head.weight"] * 100).to(torch.int8)


def _extra(state):
    state["payload"] = torch.zeros(3)


def _arguments(**changes):
    def spoil(folder, edit):
        architecture = json.loads((folder / "model.json").read_text())["architecture"]
        architecture["arguments"] |= changes
        edit.spec(folder, architecture=architecture)

    return spoil


def _input(**changes):
    def spoil(folder, edit):
        given = json.loads((folder / "model.json").read_text())["input"]
        edit.spec(folder, input=given | changes)

    return spoil


def _bit(folder, edit):
    file = folder / "weights.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)


def _half(folder, edit):
    file = folder / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:1000])


def _text(text):
    return lambda folder, edit: (folder / "model.json").write_bytes(text)


def _twice(folder, edit):
    file = folder / "model.json"
    file.write_text(file.read_text().replace("{", '{"id": "tiny",', 1))


def _linked_weights(folder, edit):
    file = folder / "weights.safetensors"
    file.rename(folder.parent / "elsewhere.safetensors")
    file.symlink_to(folder.parent / "elsewhere.safetensors")


def _linked_spec(folder, edit):
    (folder / "model.json").rename(folder.parent / "elsewhere.json")
    (folder / "model.json").symlink_to(folder.parent / "elsewhere.json")


def _pipe(folder, edit):
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")


def _huge_header(folder, edit):
    edit.weights(folder, (2**40).to_bytes(8, "little") + b"{}")


HOSTILE = {
    "one bit of the weights": (_bit, "sha256"),
    "half of the weights": (_half, "cut short"),
    "no weights": (lambda f, e: (f / "weights.safetensors").unlink(), "incomplete"),
    "a header of 2^40 bytes": (_huge_header, "header"),
    "NaN": (_weights(_nan), "NaN"),
    "wrong shape": (_weights(_wrong_shape), "head.weight of shape"),
    "missing tensor": (_weights(_missing), "no tensor head.weight"),
    "whole numbers": (_weights(_quantised), "head.weight in int8"),
    "extra tensor": (_weights(_extra), "no place for: payload"),
    "10^9 channels": (_arguments(stem_channels=10**9), "1e\\+09"),
    "10^400 channels": (_arguments(stem_channels=10**400), "huge"),
    "60 000 channels": (_arguments(stem_channels=60_000), "shape"),
    "60 000 channels everywhere": (_arguments(decoder_channels=[60_000] * 4), "far larger"),
    "a list of 10^5": (_arguments(decoder_channels=[8] * 10**5), "values"),
    "negative channels": (_arguments(stem_channels=-4), "cannot be built|does not take"),
    "a download": (_arguments(pretrained="yes" * 1000), "characters"),
    "voxels of 1e-9 mm": (_input(spacing_mm=[1e-9, 1, 1]), "spacing_mm"),
    "windows of 10^9": (_input(patch=[10**9, 32, 32]), "patch"),
    "of the future": (lambda f, e: e.spec(f, format=FORMAT + 1), f"format {FORMAT + 1}"),
    "deeply nested": (_text(b"[" * 10**6), "nest"),
    "huge": (_text(b"[" + b" " * 5 * 2**20 + b"]"), "large|more in it"),
    "not JSON": (_text(b"\xff\xfe"), "not a valid"),
    "NaN in JSON": (_text(b'{"id": NaN}'), "NaN"),
    "a key twice": (_twice, "twice"),
    "weights that are a link": (_linked_weights, "link"),
    "a description that is a link": (_linked_spec, "link"),
    "a card that is a pipe": (_pipe, "plain file"),
    "an extra of somebody else": (lambda f, e: e.spec(f, requires=["os.path"]), "extra"),
}


@pytest.mark.parametrize(("spoil", "said"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_folder_is_a_sentence_and_leaves_nothing(spoil, said, tiny, mine, edit):
    spoil(tiny, edit)
    (mine / "notes.txt").write_text("mine")
    before = edit.content(mine)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput, match=said) as refusal:
        add_bundle(tiny)
    sentence = refusal.value.sentence()
    assert sentence.endswith(".")
    assert str(tiny) in sentence, "not the copy that was looked at"
    assert ".tiny-" not in sentence
    assert edit.content(mine) == before
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert grown < 200_000, "KiB; 60 000 channels would take 200 GiB"


@pytest.mark.parametrize("by_torch", [False, True], ids=["pickle", "torch.save"])
def test_a_pickle_under_the_name_of_safetensors_does_not_go_off(
    by_torch, tiny, mine, edit, tmp_path
):
    edit.weights(tiny, _pickled(tmp_path, by_torch=by_torch))
    with pytest.raises(BadInput, match="cannot be read as safetensors"):
        add_bundle(tiny)
    with pytest.raises(BadInput, match="cannot be read as safetensors"):
        load_bundle(tiny).network()
    edit.spec(tiny, weights={"file": "weights.pt", "sha256": "0" * 64, "size_bytes": 1})
    (tiny / "weights.pt").write_bytes(_pickled(tmp_path, by_torch=by_torch))
    with pytest.raises(BadInput, match=r"weights.file"):
        add_bundle(tiny)
    assert not (tmp_path / "went-off").exists()
    assert edit.content(mine) == {}


def test_a_file_that_is_exchanged_after_the_check_is_not_loaded(tiny, edit, monkeypatch):
    bundle = load_bundle(tiny)
    state = load_file(tiny / "weights.safetensors")
    state["head.weight"] += 1
    looked = fitting.shapes_in

    def exchange(file):
        shapes = looked(file)
        file.write_bytes(save(state))
        return shapes

    monkeypatch.setattr(fitting, "shapes_in", exchange)
    with pytest.raises(BadInput, match=r"sha256|bytes"):
        bundle.network()
