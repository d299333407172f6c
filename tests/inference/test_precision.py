import pytest
import torch

from napari_acs import errors
from napari_acs.inference import precision
from napari_acs.inference.job import run
from napari_acs.inference.messages import Result


@pytest.fixture
def bf16_cpu(monkeypatch):
    monkeypatch.setattr(precision, "fast_dtype", lambda device: torch.bfloat16)


@pytest.fixture
def plain_cpu(monkeypatch):
    monkeypatch.setattr(precision, "fast_dtype", lambda device: torch.float32)


def test_auto_takes_what_the_cpu_multiplies(bf16_cpu):
    assert precision.pick_precision("auto", "cpu") == "bfloat16"
    assert precision.pick_precision("float32", "cpu") == "float32"
    assert precision.pick_precision("auto", "cuda") == "float32"


def test_auto_stays_in_float32_elsewhere(plain_cpu):
    assert precision.pick_precision("auto", "cpu") == "float32"
    with pytest.raises(errors.BadInput, match="bfloat16 is not offered"):
        precision.pick_precision("bfloat16", "cpu")


def test_an_unknown_precision_is_refused():
    with pytest.raises(errors.BadInput, match="float8"):
        precision.pick_precision("float8", "cpu")


def test_the_precision_used_is_recorded(known_study, known_bundle, bf16_cpu):
    for wish, used in (("auto", "bfloat16"), ("float32", "float32")):
        *_, end = run(known_study, known_bundle, device="cpu", precision=wish)
        assert isinstance(end, Result)
        assert end.segmentation.provenance["precision"] == used


def test_a_wish_that_cannot_be_met_is_a_failure(known_study, known_bundle, plain_cpu):
    *_, end = run(known_study, known_bundle, device="cpu", precision="bfloat16")
    assert end.kind == "input"
    assert "bfloat16" in end.what
