"""Files that were made to do harm, or are no more than damaged: a sentence, and nothing is run."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
import torch
from models.imports.test_monai import write

from napari_acs.errors import BadInput
from napari_acs.models.adding import add_bundle, is_bundle
from napari_acs.models.imports import import_model, kind_of
from napari_acs.models.imports.pickles import LeftOut, load_checkpoint
from napari_acs.models.imports.yaml_files import read_plain
from napari_acs.models.safe_load import load_state


def _saved(file, pickled, mode=zipfile.ZIP_STORED):
    """Write a file as torch.save does, with a pickle of our own in it."""
    whole = io.BytesIO()
    torch.save({"w": torch.ones(2)}, whole)
    with zipfile.ZipFile(whole) as made, zipfile.ZipFile(file, "w", mode) as out:
        for entry in made.infolist():
            own = entry.filename.endswith("data.pkl")
            out.writestr(entry.filename, pickled if own else made.read(entry))
    return file


def _text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _calls(module, name, *arguments, how=b"R"):
    """Return the pickle of {"a": module.name(*arguments)}, then given a state."""
    called = b"c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(map(_text, arguments)) + b"t"
    state = b"}" + _text("x") + _text("y") + b"s" + b"b"
    return b"\x80\x02}" + _text("a") + called + how + state + b"s."


@pytest.mark.parametrize("how", [b"R", b"\x81"])
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("pandas.io.pickle", "read_pickle"),
        ("numpy", "fromfile"),
        ("numpy.lib.npyio", "load"),
        ("pathlib", "Path.unlink"),
        ("pathlib", "os.remove"),
        ("torchio.data.io", "read_image"),
    ],
)
def test_what_stands_in_for_other_libraries_calls_nothing_of_them(tmp_path, module, name, how):
    class Bomb:
        def __reduce__(self):
            return (np.save, (str(tmp_path / "boom"), 1))

    target = tmp_path / "target"
    target.write_bytes(pickle.dumps(Bomb()))
    file = _saved(tmp_path / "x.pth.tar", _calls(module, name, str(target), how=how))
    assert type(load_checkpoint(file, "")["a"]) is LeftOut
    assert sorted(p.name for p in tmp_path.iterdir()) == ["target", "x.pth.tar"]
    allowed = torch.serialization.get_safe_globals()
    assert not [each for each in allowed if isinstance(each, tuple) and each[0] is LeftOut]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "remove"),
        ("posix", "remove"),
        ("builtins", "eval"),
        ("numpyx", "load"),
        ("torch.utils.collect_env", "run"),
        ("napari_acs.models.imports.pickles", "LeftOut"),
    ],
)
def test_whatever_else_a_pickle_names_is_refused(tmp_path, module, name):
    target = tmp_path / "target"
    target.touch()
    file = _saved(tmp_path / "x.pth.tar", _calls(module, name, str(target)))
    with pytest.raises(BadInput, match=name):
        load_checkpoint(file, "")
    assert target.exists()


def test_damaged_pickles_are_sentences_whatever_torch_raises(tmp_path):
    plain = io.BytesIO()
    torch.save({"a": torch.ones(3), "b": {"c": torch.zeros(2, 2)}}, plain)
    with zipfile.ZipFile(plain) as made:
        good = made.read("archive/data.pkl")
    rng = np.random.default_rng(0)
    for _ in range(150):
        bad = bytearray(good)
        for place in rng.integers(2, len(bad), 2):
            bad[place] = rng.integers(256)
        file = _saved(tmp_path / "x.pth", bytes(bad))
        for read in (load_state, lambda f: load_checkpoint(f, "")):
            try:
                read(file)
            except BadInput as refusal:
                assert str(file) in refusal.sentence()


@pytest.mark.parametrize("make", ["expand", "sparse", "meta"])
def test_a_tensor_that_does_not_hold_its_own_values_is_refused(tmp_path, make):
    tensors = {
        "expand": torch.zeros(1).expand(10**12),
        "sparse": torch.eye(3).to_sparse(),
        "meta": torch.empty(10**12, device="meta"),
    }
    torch.save({"x": tensors[make]}, tmp_path / "x.pth")
    torch.save({"model_state_dict": {"x": tensors[make]}}, tmp_path / "x.pth.tar")
    with pytest.raises(BadInput, match="its own values"):
        load_state(tmp_path / "x.pth")
    with pytest.raises(BadInput, match="its own values"):
        load_checkpoint(tmp_path / "x.pth.tar", "")


def _zipped(folder, file, change=lambda archive: None, mode=zipfile.ZIP_STORED):
    with zipfile.ZipFile(file, "w", mode) as archive:
        for each in folder.rglob("*.*"):
            archive.write(each, each.relative_to(folder))
        change(archive)
    return file


def _many(archive):
    for n in range(1_001):
        archive.writestr(f"{n}", "")


def _endless(archive):
    for n in range(80):
        archive.writestr(f"{n:060000}", "")


ZIPS = {
    r"10\d\d entries": _many,
    "beyond all measure": _endless,
    "times its size": lambda archive: archive.writestr("bomb.bin", bytes(2**27)),
}


@pytest.mark.parametrize("kind", [None, "monai"])
@pytest.mark.parametrize("why", ZIPS)
def test_zips_beyond_all_bounds_are_refused_by_both_ways_in(tmp_path, why, kind):
    write(tmp_path / "src" / "brats")
    file = _zipped(tmp_path / "src", tmp_path / "x.ZIP", ZIPS[why], zipfile.ZIP_DEFLATED)
    assert is_bundle(file)  # so that a refusal comes, and says why
    with pytest.raises(BadInput, match=why):
        add_bundle(file)
    with pytest.raises(BadInput, match=why if kind else "nothing that a model"):
        import_model(file, tmp_path / "store", kind=kind)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("kind", ["monai", "gandlf", "acsconv", "run", "torchvision"])
@pytest.mark.parametrize("name", ["empty.zip", "x.pth", "folder", "missing"])
def test_a_source_of_another_kind_than_was_said_is_refused(tmp_path, kind, name):
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    torch.save({"a": torch.ones(1)}, tmp_path / "x.pth")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput):
        import_model(tmp_path / name, tmp_path / "store", kind=kind)
    assert not (tmp_path / "store").exists()


CONFIGS = {
    "numbers": {"inferer": {"roi_size": ["a", {}, 3]}},
    "spacing": {"preprocessing": [{"_target_": "Spacingd", "pixdim": [[], 1, 1]}]},
    "strides": {"network_def": {"_target_": "UNet", "strides": "ab", "in_channels": 4}},
    "blocks": {"network_def": {"_target_": "SegResNet", "blocks_down": 3, "in_channels": 4}},
}


@pytest.mark.parametrize("name", [*CONFIGS, "latin", "digits", "no metadata", "list"])
def test_configurations_of_any_shape_are_sentences(tmp_path, name):
    write(tmp_path / "brats", **CONFIGS.get(name, {}))
    metadata = tmp_path / "brats" / "configs" / "metadata.json"
    if name == "no metadata":
        metadata.unlink()
    elif name not in CONFIGS:
        content = {"latin": b'{"a": "\xe9"}', "digits": b"1" * 5000, "list": b"[]"}[name]
        metadata.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        import_model(tmp_path / "brats", tmp_path / "store", kind="monai")
    assert "brats" in refused.value.sentence()


@pytest.mark.parametrize(
    "text", ["a: !!bool x", "a: !!int ''", "a: 2001-99-99", "a: &b [1]\nc: *b", "1", "{" * 2000]
)
def test_yaml_of_any_kind_is_a_mapping_or_a_sentence(text):
    with pytest.raises(BadInput, match=r"x\.yaml"):
        read_plain(text, "x.yaml")
    with pytest.raises(BadInput, match="too large"):
        read_plain("a: " + "1" * 2**20, "x.yaml")


def test_a_step_that_monai_leaves_out_is_left_out_here(tmp_path):
    steps = json.loads(
        '[{"_target_": "NormalizeIntensityd", "nonzero": true, "channel_wise": true, '
        '"_disabled_": true}]'
    )
    write(tmp_path / "brats", preprocessing={"transforms": steps})
    assert kind_of(tmp_path / "brats") == "monai"
    with pytest.raises(BadInput, match="no NormalizeIntensity"):
        import_model(tmp_path / "brats", tmp_path / "store")
