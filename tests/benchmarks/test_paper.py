"""The runs of the paper's comparison: killed, repeated, refused; what its arms share."""

import dataclasses
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import paper
import pytest
import torch
from benchmarks.paper_rows import row
from comparison import job as job_module
from comparison.arms import ARMS, build, file_bytes, parameters, smaller
from comparison.job import run_job
from comparison.plan import SIZES, Job, held_out, jobs, recipe_of, tuning_jobs
from comparison.rows import read_rows
from comparison.table import report

SMALL = SIZES["small"]
TINY = dataclasses.replace(SMALL, patch=(16, 16, 16), batch=1, steps=2, every=1, folds=2)
NAMES = {
    name: name
    for name in (f"{source}_{number}" for source in ("BraTS2021", "Brats18") for number in range(4))
}


RUN = Job("small", "squeezenet1_1", "acs-scratch", fold=1, seed=3)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    rng = np.random.default_rng(0)
    for name in NAMES:
        labels = np.zeros((18, 20, 18), np.uint8)
        labels[6:12, 6:12, 6:12] = 2
        labels[8:10, 8:10, 8:10] = 3
        images = rng.normal(0, 1, (4, *labels.shape)).astype(np.float16) + labels
        np.savez(folder / f"{name}.npz", images=images, labels=labels, spacing_mm=np.float32(4))
    return folder


@pytest.fixture(scope="module")
def whole(cache, tmp_path_factory) -> dict:
    return run_job(RUN, TINY, cache, None, tmp_path_factory.mktemp("whole"), "cpu")


@pytest.mark.parametrize("during_a_look", [True, False])
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    cache, tmp_path, monkeypatch, whole, during_a_look
):
    def look(*_):
        looks.append(None)
        if during_a_look and len(looks) == 2:
            raise KeyboardInterrupt
        return [0.1, 0.2, 0.3]

    def steps(*args, **kwargs):
        for step in train(*args, **kwargs):
            yield step
            if not during_a_look:
                raise KeyboardInterrupt

    looks, train = [], job_module.train
    with monkeypatch.context() as patched:
        patched.setattr(job_module, "_mean_dice", look)
        patched.setattr(job_module, "train", steps)
        with pytest.raises(KeyboardInterrupt):
            run_job(RUN, TINY, cache, None, tmp_path / "cut", "cpu")
    resumed = run_job(RUN, TINY, cache, None, tmp_path / "cut", "cpu")

    assert [look[0] for look in resumed["curve"]] == [1, 2]
    # What was seen before the kill is kept, but where its time is lost: then all is done again.
    first = whole["curve"][0][3:] if during_a_look else [0.1, 0.2, 0.3]
    assert resumed["curve"][0][3:] == first
    assert resumed["curve"][1][3:] == whole["curve"][1][3:]
    assert resumed["cases"] == whole["cases"]


def test_a_row_holds_what_the_tables_need(whole):
    assert [look[0] for look in whole["curve"]] == [1, 2]
    assert set(whole["cases"]) == set(held_out(RUN, TINY, NAMES)[0])
    assert whole["trained_on"] == 4
    assert whole["parameters"] == 1_354_923
    assert json.loads(json.dumps(whole)) == whole
    assert "squeezenet1_1: 1 runs an arm" in report([{**whole, "arm": "acs-imagenet"}])


def test_a_loss_that_is_no_number_ends_the_run(cache, tmp_path, monkeypatch):
    step = SimpleNamespace(step=1, loss=float("nan"))
    monkeypatch.setattr(job_module, "train", lambda *_, **__: iter([step]))
    run = Job("small", "squeezenet1_1", "acs-scratch", 0, 0)
    with pytest.raises(FloatingPointError, match="step 1"):
        run_job(run, TINY, cache, None, tmp_path / "run", "cpu")


def test_arms_are_run_in_turn_and_every_case_is_judged_early():
    todo = jobs(SMALL)
    arms = len(SMALL.arms) * len(SMALL.encoders)
    assert len({run.key for run in todo}) == len(todo) == arms * SMALL.folds * SMALL.seeds
    for start in range(0, len(todo), arms):
        turn = todo[start : start + arms]
        assert {(run.encoder, run.arm) for run in turn} == {
            (encoder, arm) for encoder in SMALL.encoders for arm in SMALL.arms
        }
        assert len({(run.fold, run.seed) for run in turn}) == 1
    first = todo[: arms * SMALL.folds]
    assert {run.fold for run in first} == set(range(SMALL.folds))


def test_folds_share_out_all_cases_and_trials_leave_the_judged_fold_alone():
    for size in SIZES.values():
        folds = [
            held_out(Job(size.name, "squeezenet1_1", "acs-scratch", fold, 0), size, NAMES)
            for fold in range(size.folds)
        ]
        assert sorted(name for judged, _ in folds for name in judged) == sorted(NAMES)
        assert all(judged == apart for judged, apart in folds)
    trial = tuning_jobs(SMALL)[0]
    judged, apart = held_out(trial, SMALL, NAMES)
    first_fold = set(held_out(jobs(SMALL)[0], SMALL, NAMES)[0])
    assert judged
    assert not set(judged) & first_fold
    assert first_fold < set(apart)


def test_the_arms_differ_in_nothing_but_the_network():
    recipes = [
        recipe_of(Job("small", "squeezenet1_1", arm, 1, 2), SMALL, NAMES).model_dump()
        for arm in SMALL.arms
    ]
    for recipe in recipes:
        mode = recipe["architecture"].pop("mode"), recipe["architecture"].pop("decoder_mode")
        assert mode in {(arm.mode, arm.decoder) for arm in ARMS.values()}
        assert recipe.pop("id") == recipe.pop("title")
    assert all(recipe == recipes[0] for recipe in recipes)


@pytest.mark.parametrize("encoder", ["squeezenet1_1", "mobilenet_v2"])
def test_acs_is_smaller_than_the_same_network_in_native_3d_and_all_start_alike(encoder):
    acs, native = (
        build(ARMS[name], encoder, None, seed=0) for name in ("acs-scratch", "conv3d-scratch")
    )
    assert [n for n, _ in acs.named_parameters()] == [n for n, _ in native.named_parameters()]
    flat, solid = 0, 0
    for ours, theirs in zip(acs.parameters(), native.parameters(), strict=True):
        kernels = ours.dim() == 4
        assert theirs.numel() == ours.numel() * (ours.shape[-1] if kernels else 1)
        flat, solid = flat + ours.numel(), solid + theirs.numel()
    assert (parameters(acs), parameters(native)) == (flat, solid)
    assert smaller(flat, solid).endswith("smaller")
    assert file_bytes(native) - file_bytes(acs) == 4 * (solid - flat)
    # No channel of a fresh first layer may start as another's copy.
    first = next(p for p in native.encoder.parameters() if p.dim() == 5)
    assert not torch.equal(first[:, 0], first[:, 1])
    # He's rule keeps the size of a signal: each start has the same gain for its own fan.
    if encoder == "squeezenet1_1":
        for network in (acs, native):
            for kernel in network.encoder.parameters():
                if kernel.dim() >= 4 and kernel.numel() > 5000:
                    fan = kernel[0].numel()
                    assert kernel.std().item() == pytest.approx((2 / fan) ** 0.5, rel=0.05)


def as_planned(job: Job) -> dict:
    """A made-up row of a run as the small size has it, on the cases of `cache`."""
    made = row(job.arm, job.fold, job.seed, 0.5, steps=SMALL.steps, rate=SMALL.rate)
    scores = next(iter(made["cases"].values()))
    cases = dict.fromkeys(held_out(job, SMALL, NAMES)[0], scores)
    return {**made, "key": job.key, "encoder": job.encoder, "cases": cases}


def test_what_is_in_the_results_file_is_not_run_again(cache, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    out.mkdir()
    done, *rest = jobs(SMALL)
    first = as_planned(done)
    killed = json.dumps(first)[:50]
    # A line that a kill cut off is no row, and takes none along.
    text = json.dumps(first) + "\n" + killed
    (out / "results.jsonl").write_text(text, encoding="utf-8")
    ran = []

    def trained(told, *_):
        ran.append(told)
        folder = out / "runs" / told.key
        folder.mkdir(parents=True)
        (folder / "row.json").write_text(json.dumps(as_planned(told)), encoding="utf-8")
        return 0

    monkeypatch.setattr(paper, "run_apart", trained)
    monkeypatch.setattr(sys, "argv", ["paper.py", "--cache", str(cache), "--out", str(out)])
    paper.main()
    assert ran == rest
    rows = read_rows(out / "results.jsonl")
    assert [r["key"] for r in rows] == [run.key for run in jobs(SMALL)]
    assert list((out / "runs").iterdir()) == []
    assert "acs-imagenet" in capsys.readouterr().out
    with (out / "results.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(killed)
    assert len(read_rows(out / "results.jsonl")) == len(rows)


def test_what_is_there_of_another_kind_is_refused_and_nothing_is_run(cache, tmp_path, monkeypatch):
    """`--steps 20` to try, then the same command without it: the tables would have mixed both."""
    out = tmp_path / "out"
    out.mkdir()
    first = as_planned(jobs(SMALL)[0])
    monkeypatch.setattr(paper, "run_apart", lambda *_: pytest.fail("something was run"))
    monkeypatch.setattr(sys, "argv", ["paper.py", "--cache", str(cache), "--out", str(out)])
    stranger = {**first["cases"], "Brats18_99": next(iter(first["cases"].values()))}
    for change, said in (
        ({"steps": 20}, "is there with 20 steps.*asked for with 400 steps"),
        ({"cases": stranger}, "one has Brats18_99, the other has not"),
    ):
        (out / "results.jsonl").write_text(json.dumps({**first, **change}) + "\n")
        with pytest.raises(SystemExit, match=said):
            paper.main()


def test_both_scans_of_a_patient_are_in_one_fold_and_one_head_in_two_is_refused(
    cache, tmp_path, monkeypatch
):
    patients = dict(NAMES)
    patients["Brats18_3"] = patients["Brats18_0"] = "somebody"
    for size in SIZES.values():
        folds = [
            held_out(Job(size.name, "squeezenet1_1", "acs-scratch", fold, 0), size, patients)[0]
            for fold in range(size.folds)
        ]
        assert sorted(name for judged in folds for name in judged) == sorted(patients)
        assert all(("Brats18_3" in judged) == ("Brats18_0" in judged) for judged in folds)
    copies = shutil.copytree(cache, tmp_path / "copies")
    first, second = (held_out(jobs(SMALL)[fold * 10], SMALL, NAMES)[0][0] for fold in (0, 1))
    shutil.copy(copies / f"{first}.npz", copies / f"{second}.npz")
    monkeypatch.setattr(paper, "run_apart", lambda *_: pytest.fail("something was run"))
    argv = ["paper.py", "--cache", str(copies), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit, match=rf"(?s){first}.*{second}|{second}.*{first}"):
        paper.main()
