"""The loop learns, and a run that was cut anywhere ends where an uncut one does."""

import csv
import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training.toy import Toy, toy_network, toy_plan, toy_run

from napari_acs.errors import BadInput
from napari_acs.training import logs
from napari_acs.training.checkpoint import read_checkpoint
from napari_acs.training.job import published_network, start_network
from napari_acs.training.loop import train
from napari_acs.training.recipe import read_recipe
from napari_acs.training.segmentation import SegmentationTask
from napari_acs.training.update import refuse_uneven_shares
from napari_acs.training.validation import mean_dice, validate

TOY = Path(__file__).with_name("toy.py")


def _run(recipe, cases, folder, stop=lambda: False):
    network = start_network(recipe, None, pretrained=False)
    task = SegmentationTask(recipe, cases)
    return network, list(train(recipe, task, network, folder, stop=stop))


def _steps(run):
    with (run / "log.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def _assert_same(run, other, **tolerance):
    a, b = read_checkpoint(run), read_checkpoint(other)
    assert (a["step"], a["best"]) == (b["step"], b["best"])
    for part in ("network", "average"):
        assert a[part].keys() == b[part].keys()
        for name in a[part]:
            torch.testing.assert_close(a[part][name], b[part][name], msg=name, **tolerance)


@pytest.mark.usefixtures("one_torch_thread")
def test_a_stopped_run_goes_on_to_the_same_weights(recipe, cases, tmp_path):
    _, steps = _run(recipe, cases, tmp_path / "whole")
    assert [s.step for s in steps] == [1, 2, 3, 4, 5, 6]
    assert [s.validation is not None for s in steps] == [False, True] * 3
    assert (steps[-1].last, steps[-1].finished) == (True, True)
    count = iter(range(100))
    _, before = _run(recipe, cases, tmp_path / "parts", stop=lambda: next(count) == 2)
    assert len(before) == 3
    assert (before[-1].last, before[-1].finished) == (True, False)
    with (tmp_path / "parts" / "log.csv").open("a") as log:
        log.write("4,0.5,0.1,1,\n5,0.")  # what kill -9 leaves behind a checkpoint
    _, after = _run(recipe, cases, tmp_path / "parts")
    assert [s.step for s in after] == [4, 5, 6]
    _assert_same(tmp_path / "whole", tmp_path / "parts", rtol=1e-5, atol=1e-6)
    assert _steps(tmp_path / "parts") == [1, 2, 3, 4, 5, 6]
    assert _run(recipe, cases, tmp_path / "parts")[1] == []


def test_a_run_folder_says_how_it_was_made_and_how_it_went(recipe, cases, tmp_path):
    plan = recipe.model_copy(update={"steps": 2})
    _, steps = _run(plan, cases, tmp_path)
    judged = steps[-1].validation
    assert judged.score == pytest.approx(sum(judged.figures.values()) / 3)
    with (tmp_path / "validation.csv").open() as file:
        rows = [(r["case"], r["figure"], float(r["value"])) for r in csv.DictReader(file)]
    assert ("mean", "Dice WT", judged.figures["Dice WT"]) in rows
    assert ("blob0", "Dice ET", judged.cases["blob0"]["Dice ET"]) in rows
    (start,) = json.loads((tmp_path / "environment.json").read_text())
    assert torch.__version__.startswith(start["packages"]["torch"])
    assert len(start["git"]["commit"]) == 40
    assert read_recipe(tmp_path / "recipe.yaml") == plan
    assert list((tmp_path / "tensorboard").glob("events.out.tfevents.*"))
    assert (tmp_path / "pictures" / "step-000002" / "blob0.png").stat().st_size > 500


def test_a_checkpoint_that_cannot_be_written_leaves_the_ones_before(
    recipe, cases, tmp_path, monkeypatch
):
    two = recipe.model_copy(update={"steps": 2, "decay_steps": 0})
    _run(two, cases, tmp_path)
    kept = (tmp_path / "checkpoint.pt").read_bytes()

    def fail(state, file):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_acs.training.checkpoint.torch.save", fail)
    with pytest.raises(BadInput, match="no space"):
        _run(two.model_copy(update={"steps": 3}), cases, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == kept
    assert [f.name for f in tmp_path.glob(".*")] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, a disk that is full")
@pytest.mark.parametrize("filled", ["checkpoint.pt", "log.csv"])
def test_a_full_disk_is_a_sentence_and_the_run_goes_on(tmp_path, monkeypatch, filled):
    toy_run(tmp_path / "whole")
    toy_run(tmp_path / "run", steps=4, decay_steps=0)
    kept = read_checkpoint(tmp_path / "run")["average"]
    save, begin = torch.save, logs._begin

    def begin_on_the_full_disk(file, *more):
        begin(file, *more)
        if file.name == filled:  # to be unlinked before it is read: it has no end
            file.unlink()
            file.symlink_to("/dev/full")

    with monkeypatch.context() as full:
        if filled == "log.csv":
            full.setattr(logs, "_begin", begin_on_the_full_disk)
        else:
            full.setattr(torch, "save", lambda state, _: save(state, "/dev/full"))
        with pytest.raises(BadInput, match=rf"{filled}\S* cannot be written: found \w"):
            toy_run(tmp_path / "run")
    (tmp_path / "run" / "log.csv").unlink()
    after = read_checkpoint(tmp_path / "run")
    assert after["step"] == 4
    for name, mean in kept.items():
        assert mean.equal(after["average"][name])
    assert [step.step for step in toy_run(tmp_path / "run")] == [5, 6, 7, 8]
    _assert_same(tmp_path / "whole", tmp_path / "run", rtol=0, atol=0)


class _FullBoard:
    """TensorBoard's writer on a full disk: its thread has died of it."""

    def log_metrics(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device")

    finalize = log_metrics


@pytest.mark.parametrize("filled", ["tensorboard", "pictures"])
def test_a_disk_full_of_pictures_or_events_is_a_sentence_too(tmp_path, monkeypatch, filled):
    toy_run(tmp_path, steps=2, decay_steps=0)
    with monkeypatch.context() as full:
        if filled == "tensorboard":
            full.setattr(logs, "_tensorboard", lambda *_: _FullBoard())
        else:
            full.setattr(Toy, "pictures", _FullBoard.log_metrics)
        with pytest.raises(BadInput, match=rf"{filled}\S* cannot be written: found no space"):
            toy_run(tmp_path, steps=8, decay_steps=0)
    assert read_checkpoint(tmp_path)["step"] == 2
    assert [step.step for step in toy_run(tmp_path, steps=4, decay_steps=0)] == [3, 4]


def test_a_table_that_a_power_cut_left_damaged_does_not_end_the_run(tmp_path):
    toy_run(tmp_path, steps=4, decay_steps=0)
    with (tmp_path / "log.csv").open("ab") as table:
        table.write(b"\0\0\0\0\n\xff\xfe,1\n9,")
    toy_run(tmp_path, steps=6, decay_steps=0)
    assert _steps(tmp_path) == [1, 2, 3, 4, 5, 6]


def test_a_damaged_checkpoint_falls_back_on_the_one_before(tmp_path):
    toy_run(tmp_path, steps=8)
    assert read_checkpoint(tmp_path)["step"] == 8
    (tmp_path / "checkpoint.pt").write_bytes((tmp_path / "checkpoint.pt").read_bytes()[:900])
    assert read_checkpoint(tmp_path)["step"] == 6
    (tmp_path / "checkpoint.before.pt").write_bytes(b"")
    with pytest.raises(BadInput, match=r"No checkpoint in .* can be read"):
        read_checkpoint(tmp_path)


def test_early_stopping_counts_validations_without_a_better_score(tmp_path):
    fields = {"steps": 40, "patience": 2}
    steps = toy_run(tmp_path, [0.1, 0.5, 0.5, 0.4, 0.9], **fields)
    assert [s.validation.score for s in steps if s.validation] == [0.1, 0.5, 0.5, 0.4]
    assert (steps[-1].step, steps[-1].finished) == (16, True)
    assert toy_run(tmp_path, [0.9], **fields) == []
    assert toy_run(tmp_path, [0.9], **{**fields, "patience": 3})[0].step == 17


def test_the_best_network_is_that_of_the_best_validation(tmp_path):
    averages, plan = {}, toy_plan(steps=16, decay_steps=0)
    for step in train(plan, Toy([0.3, 0.9, 0.9, 0.2]), toy_network(), tmp_path):
        if step.validation:
            averages[step.step] = read_checkpoint(tmp_path)["average"]
    best = torch.load(tmp_path / "best.pt", weights_only=True)
    for name, mean in best.items():  # of the two equals the later one
        assert mean.equal(averages[12][name]), name
    assert not best["4.weight"].equal(averages[16]["4.weight"])
    assert not best["4.weight"].equal(averages[8]["4.weight"])


def test_another_recipe_is_refused_by_the_field_that_differs(tmp_path):
    toy_run(tmp_path)
    with pytest.raises(BadInput, match=r"found learning_rate: 0\.5; expected .*: 0\.001"):
        toy_run(tmp_path, learning_rate=0.5)
    with pytest.raises(BadInput, match="found steps: 20"):
        toy_run(tmp_path, steps=20)  # the last steps had decayed already
    assert toy_run(tmp_path, id="another", title="Another title") == []


def test_a_run_may_be_made_longer_before_it_decays(tmp_path):
    longer = {"steps": 12, "decay_steps": 0}
    toy_run(tmp_path / "parts", decay_steps=0)
    toy_run(tmp_path / "parts", **longer)
    toy_run(tmp_path / "whole", **longer)
    _assert_same(tmp_path / "parts", tmp_path / "whole", rtol=0, atol=0)


def test_a_loss_that_is_not_a_number_ends_the_run_and_keeps_the_checkpoint(tmp_path):
    class Bad(Toy):
        def loss(self, output, target):
            self.calls = getattr(self, "calls", 0) + 1
            return super().loss(output, target) * (float("nan") if self.calls == 4 else 1)

    with pytest.raises(BadInput, match="step 4 is not a number"):
        list(train(toy_plan(), Bad(), toy_network(), tmp_path))
    assert read_checkpoint(tmp_path)["step"] == 2


def test_the_seed_decides_the_start_and_the_batches(recipe, cases):
    def drawn(seed):
        plan = recipe.model_copy(update={"seed": seed})
        weights = start_network(plan, None, pretrained=False).state_dict()["head.weight"]
        return weights, SegmentationTask(plan, cases).draw(3)[0]

    for once, again, other in zip(drawn(1), drawn(1), drawn(2), strict=True):
        assert once.equal(again)
        assert once.shape == other.shape
        assert not once.equal(other)


def test_shares_that_processes_cannot_divide_are_refused():
    with pytest.raises(BadInput, match="3 processes cannot divide"):
        refuse_uneven_shares(toy_plan(shares=2), 3)
    with pytest.raises(ValueError, match="no 3 equal shares"):
        toy_plan(shares=3)


def _script(run, how):
    command = [sys.executable, str(TOY), str(run), "14", "2", how]
    return subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)


def test_killed_at_any_moment_a_run_goes_on_to_the_same_weights(tmp_path):
    toy_run(tmp_path / "whole", steps=14, shares=2)
    for how, left in (("drawing 3", 2), ("writing 5", 4), ("renaming 7", 8)):
        assert _script(tmp_path / "killed", how).returncode == -signal.SIGKILL
        assert read_checkpoint(tmp_path / "killed")["step"] == left
    toy_run(tmp_path / "killed", steps=14, shares=2)
    _assert_same(tmp_path / "whole", tmp_path / "killed", rtol=1e-6, atol=1e-7)
    assert _steps(tmp_path / "killed") == list(range(1, 15))
    assert [f.name for f in (tmp_path / "killed").glob(".*")] == []


def test_two_processes_give_what_one_gives(tmp_path):
    done = _script(tmp_path / "two", "two processes")
    assert done.returncode == 0, done.stderr
    start = json.loads((tmp_path / "two" / "environment.json").read_text())[0]
    assert start["processes"] == 2
    toy_run(tmp_path / "one", steps=14, shares=2)
    _assert_same(tmp_path / "one", tmp_path / "two", rtol=1e-5, atol=1e-6)
    toy_run(tmp_path / "unshared", steps=14, shares=1)
    with pytest.raises(AssertionError):
        _assert_same(tmp_path / "one", tmp_path / "unshared", rtol=1e-5, atol=1e-6)


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
