"""The cache: what changed is prepared again, what did not is kept, nothing is half written."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk
from training.tiny import ET, as_csv, tiny, write, write_case

from napari_acs.errors import BadInput
from napari_acs.inference.ready import Preparation, Ready
from napari_acs.training.cases import load_cases
from napari_acs.training.prepare import prepare

SEQUENCES = ("t1", "t1ce", "t2", "flair")


def _prepare(root, out, sequences=SEQUENCES, spacing_mm=2.0):
    return list(prepare([root], out, sequences, spacing_mm, phantoms=False))


def _times(out):
    return {file.stem: file.stat().st_mtime_ns for file in out.glob("*.npz")}


def test_only_what_changed_is_prepared_again(tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    for name in ("a", "b", "c"):
        write_case(data / name, ord(name))
    assert _prepare(data, out) == [("a", 1, 3), ("b", 2, 3), ("c", 3, 3)]
    before = _times(out)
    _prepare(data, out)
    assert _times(out) == before
    write(data / "b" / "b_t1.nii.gz", tiny(1).images["t1"])
    (out / "c.npz").write_bytes((out / "c.npz").read_bytes()[:100])
    _prepare(data, out)
    after = _times(out)
    assert {name for name in after if after[name] != before[name]} == {"b", "c"}
    _prepare(data, out, ("t1", "t2"))
    assert {case.images.shape[0] for case in load_cases(out, 2.0)} == {2}
    _prepare(data, out, SEQUENCES, 2.5)
    assert {case.spacing_mm for case in load_cases(out, 2.5)} == {2.5}


def test_what_is_known_of_a_case_goes_into_the_cache(tmp_path):
    table = as_csv(tmp_path / "data", {"a": tiny(1), "b": tiny(2)})
    _prepare(table, tmp_path / "out")
    first, second = load_cases(tmp_path / "out", 2.0)
    assert (first.patient, first.site, first.label) == ("p0", "Wien", "A")
    assert second.label == "B"
    table.write_text(table.read_text().replace("p0", "p9"))
    _prepare(table, tmp_path / "out")
    assert load_cases(tmp_path / "out", 2.0)[0].patient == "p9"


def test_an_older_cache_is_read_and_then_replaced(tmp_path):
    write_case(tmp_path / "data" / "a", 1)
    _prepare(tmp_path / "data", tmp_path / "out")
    (new,) = load_cases(tmp_path / "out", 2.0)
    old = {k: np.load(tmp_path / "out" / "a.npz")[k] for k in ("images", "labels", "spacing_mm")}
    np.savez_compressed(tmp_path / "out" / "a.npz", **old)
    (read,) = load_cases(tmp_path / "out", 2.0)
    assert read.images.equal(new.images)
    assert read.patient == ""
    _prepare(tmp_path / "data", tmp_path / "out")
    assert load_cases(tmp_path / "out", 2.0)[0].patient == "a"


def test_a_failure_leaves_the_cache_as_it_was(tmp_path, monkeypatch):
    data, out = tmp_path / "data", tmp_path / "out"
    write_case(data / "a", 1)
    _prepare(data, out)
    before = (out / "a.npz").read_bytes()

    def fail(stream, **arrays):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_acs.training.arrays.np.savez_compressed", fail)
    write(data / "a" / "a_t1.nii.gz", tiny(2).images["t1"])
    with pytest.raises(BadInput, match=r"a\.npz cannot be written: found no space"):
        _prepare(data, out)
    assert [file.name for file in out.iterdir()] == ["a.npz"]
    assert (out / "a.npz").read_bytes() == before


def test_masks_that_contradict_each_other_are_refused_even_without_a_preflight(tmp_path):
    write_case(tmp_path / "data" / "a", 1)
    write_case(tmp_path / "data" / "b", 2, {1: 1, 2: 2, ET: 3})
    with pytest.raises(BadInput, match=r"What 3 means in .*b_seg"):
        _prepare(tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_case_without_mask_has_no_tumour_in_the_cache(tmp_path):
    write_case(tmp_path / "data" / "a", 1, leave_out=("seg",))
    _prepare(tmp_path / "data", tmp_path / "out")
    assert not load_cases(tmp_path / "out", 2.0)[0].labels.any()


def test_a_head_loses_its_skull_as_it_does_when_a_model_predicts(tmp_path, monkeypatch):
    def cut(study, wanted, *, device):
        assert wanted == Preparation() and device == "cpu"
        kept = {
            key: dataclasses.replace(volume, array=np.where(box, volume.array, 0))
            for key, volume in study.sequences.items()
        }
        return Ready(dataclasses.replace(study, sequences=kept))

    write_case(tmp_path / "data" / "a", 1)
    whole = list(prepare([tmp_path / "data"], tmp_path / "whole", SEQUENCES, 2.0, phantoms=False))
    assert whole
    box = np.zeros(tiny(1).images["t1"].shape, bool)
    box[tuple(slice(n // 3, 2 * n // 3) for n in box.shape)] = True
    monkeypatch.setattr("napari_acs.training.prepare.make_ready", cut)
    _prepare(tmp_path / "data", tmp_path / "out")
    (before,), (after,) = (load_cases(tmp_path / name, 2.0) for name in ("whole", "out"))
    assert 0 < int((after.images != 0).sum()) < int((before.images != 0).sum()) / 2

    def refuse(*_arguments, **_options):
        raise BadInput("The brain could not be told from the skull in T1")

    monkeypatch.setattr("napari_acs.training.prepare.make_ready", refuse)
    with pytest.raises(BadInput, match=r"^a: The brain could not be told"):
        _prepare(tmp_path / "data", tmp_path / "third")


def test_channels_in_another_order_are_not_taken_for_the_recipe_s(tmp_path):
    write_case(tmp_path / "data" / "a", 1)
    _prepare(tmp_path / "data", tmp_path / "out")
    assert load_cases(tmp_path / "out", 2.0, SEQUENCES)
    with pytest.raises(BadInput, match="other sequences"):
        load_cases(tmp_path / "out", 2.0, ("t1ce", "t1", "t2", "flair"))


@pytest.mark.parametrize("change", ["packing", "format", "scale"])
def test_one_image_as_two_sequences_is_seen_whatever_the_file(tmp_path, change):
    folder = write_case(tmp_path / "data" / "a", 1)
    image = sitk.ReadImage(folder / "a_t1.nii.gz")
    (folder / "a_t2.nii.gz").unlink()
    name = {"packing": "a_t2.nii", "format": "a_t2.mha", "scale": "a_t2.nii.gz"}[change]
    if change == "scale":
        image = sitk.Cast(sitk.Cast(image, sitk.sitkFloat32) * 1.7, sitk.sitkInt32)
    sitk.WriteImage(image, folder / name)
    with pytest.raises(BadInput, match="The case a has one image as T1 and as T2"):
        _prepare(tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out" / "a.npz").exists()


def test_a_mask_that_is_doubted_is_named_once_and_prepared_all_the_same(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("napari_acs.training.prepare.doubt_of", lambda _s, _w, name: f"{name}: odd")
    write_case(tmp_path / "data" / "a", 1)
    for _ in range(2):
        _prepare(tmp_path / "data", tmp_path / "out")
    assert [record.message for record in caplog.records] == ["a: a_seg.nii.gz: odd"]
    assert load_cases(tmp_path / "out", 2.0)
