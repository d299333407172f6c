"""The loop learns, and an interrupted run ends where an uninterrupted one does."""

import json

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.training.job import published_network, start_network
from napari_acs.training.loop import train
from napari_acs.training.segmentation import SegmentationTask
from napari_acs.training.validation import mean_dice, validate


def _run(recipe, cases, folder, stop=lambda: False):
    network = start_network(recipe, None, pretrained=False)
    task = SegmentationTask(recipe, cases)
    return network, list(train(recipe, task, network, folder, stop=stop))


@pytest.mark.usefixtures("one_torch_thread")
def test_a_stopped_run_goes_on_to_the_same_weights(recipe, cases, tmp_path):
    whole, steps = _run(recipe, cases, tmp_path / "whole")
    assert [s.step for s in steps] == [1, 2, 3, 4, 5, 6]
    count = iter(range(100))
    _, before = _run(recipe, cases, tmp_path / "parts", stop=lambda: next(count) == 2)
    assert len(before) == 3
    with (tmp_path / "parts" / "log.jsonl").open("a") as log:
        log.write('{"step": 4}\n{"step": 5, "lo')  # what kill -9 leaves behind a checkpoint
    resumed, after = _run(recipe, cases, tmp_path / "parts")
    assert [s.step for s in after] == [4, 5, 6]
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6, msg=name)
    lines = (tmp_path / "parts" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_half_written_checkpoint_is_never_the_checkpoint(recipe, cases, tmp_path, monkeypatch):
    _run(recipe.model_copy(update={"steps": 2}), cases, tmp_path)
    kept = (tmp_path / "checkpoint.pt").read_bytes()

    def fail(state, file):
        file.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("napari_acs.training.loop.torch.save", fail)
    with pytest.raises(OSError, match="no space"):
        _run(recipe, cases, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == kept


def test_the_loop_learns_three_nested_regions(recipe, cases, tmp_path):
    plan = recipe.model_copy(
        update={"steps": 150, "validate_every": 75, "decay_steps": 40, "learning_rate": 3e-3}
    )
    untrained = mean_dice(validate(start_network(plan, None, pretrained=False).eval(), cases[:1]))
    _, steps = _run(plan, cases, tmp_path)
    for publish in ("last", "best"):
        network = published_network(plan.model_copy(update={"publish": publish}), tmp_path)
        assert mean_dice(validate(network, cases[:1])) > max(0.6, untrained + 0.3)
    assert steps[-1].loss < steps[0].loss / 2


@pytest.mark.parametrize(
    ("validation", "said"),
    [(("nobody",), "nobody"), (("blob0", "blob1", "blob2", "blob3"), "left to train")],
)
def test_splits_that_make_no_sense_are_refused_before_training(
    recipe, cases, tmp_path, validation, said
):
    with pytest.raises(BadInput, match=said):
        _run(recipe.model_copy(update={"validation": validation}), cases, tmp_path)
