"""Making a study ready: what is done, in which order, what is refused, and what is written down."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume
from napari_acs.imaging.brain import foreground_of
from napari_acs.imaging.brain_mask import judged
from napari_acs.imaging.cancel import Cancelled, stop_if
from napari_acs.imaging.registration.field_of_view import grid_record
from napari_acs.imaging.step import Step
from napari_acs.inference import Failure, Progress, Result, memory, ready, run
from napari_acs.inference.ready import Preparation, make_ready, with_skull

GRID = Grid((44, 36, 30), (3.5, 3.5, 4.0), (11.0, -7.0, 3.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1))


def ball(radius: float) -> np.ndarray:
    z, y, x = np.indices(GRID.shape)
    return ((z - 15) * 4.0) ** 2 + ((y - 18) * 3.5) ** 2 + ((x - 22) * 3.5) ** 2 < radius**2


BRAIN = ball(56)


@pytest.fixture
def head() -> Study:
    """A head with air, skull and brain in T1 and FLAIR."""
    noise = np.random.default_rng(0)
    air = noise.integers(0, 6, GRID.shape)
    made = {}
    for key in ("t1", "flair"):
        tissue = noise.normal(300, 30, GRID.shape)
        made[key] = Volume(np.where(ball(60), tissue, air).astype(np.int16), GRID)
    return Study("head", made)


@pytest.fixture
def found(monkeypatch):
    """Let the brain be found as ``BRAIN``; the dictionary changes that."""
    asked = {"verdict": "good", "calls": []}

    def extract(volumes, /, *, device, cancelled, progress):
        asked["calls"].append((tuple(volumes), device))
        for part in (0.0, 0.5, 1.0):
            stop_if(cancelled)
            progress(part)
        brain = judged(BRAIN, GRID, "made up")
        why = "" if asked["verdict"] == "good" else "it is odd"
        return replace(brain, step=replace(brain.step, verdict=asked["verdict"], why=why))

    monkeypatch.setattr(ready, "extract_brain", extract)
    return asked


def test_a_skull_is_removed_once_and_written_down(head, found):
    assert with_skull(head) == ("t1", "flair")
    parts = []
    done = make_ready(head, Preparation(), device="cpu", progress=parts.append)
    assert found["calls"] == [(("t1", "flair"), "cpu")]
    assert parts == sorted(parts)
    assert parts[-1] == 1
    for key, volume in done.study.sequences.items():
        assert np.array_equal(foreground_of(volume), BRAIN)
        assert np.array_equal(volume.array[BRAIN], head.sequences[key].array[BRAIN])
        json.dumps([step.record() for step in volume.history], allow_nan=False)
    again = make_ready(done.study, Preparation(), device="cpu")
    assert again.study is done.study
    assert again.brain is None
    assert len(found["calls"]) == 1


def test_a_brain_that_was_not_found_is_refused(head, found):
    found["verdict"] = "failed"
    with pytest.raises(BadInput, match="could not be told from the skull in T1, FLAIR"):
        make_ready(head, Preparation(), device="cpu")


def test_as_it_is_means_that(head, found):
    done = make_ready(head, Preparation("none"), device="cpu")
    assert done.study is head
    assert found["calls"] == []


def test_the_users_mask_is_used_and_progress_never_falls_with_n4(head, found):
    mask = Volume(BRAIN.astype(np.uint8) * 7, GRID)
    parts = []
    done = make_ready(head, Preparation(mask, True), device="cpu", progress=parts.append)
    assert found["calls"] == []
    assert parts == sorted(parts)
    assert parts[-1] == 1
    for volume in done.study.sequences.values():
        assert [step.name for step in volume.history] == ["brain extracted", "bias corrected"]
        assert np.array_equal(volume.array != 0, BRAIN)
        json.dumps([step.record() for step in volume.history], allow_nan=False)


@pytest.mark.parametrize("fill", [0, 1])
def test_a_mask_that_is_none_is_refused(head, fill):
    mask = Volume(np.full(GRID.shape, fill, np.uint8), GRID)
    with pytest.raises(BadInput, match="is no brain mask"):
        make_ready(head, Preparation(mask), device="cpu")


def test_a_mask_elsewhere_is_refused(head):
    far = replace(GRID, origin=(500.0, 0.0, 0.0))
    with pytest.raises(BadInput, match="does not lie on the study"):
        make_ready(head, Preparation(Volume(BRAIN.astype(np.uint8), far)), device="cpu")


def moved(study: Study, key: str, mm: float) -> Study:
    matrix = np.eye(4)
    matrix[0, 3] = mm
    details = {"matrix": matrix.tolist(), "from_grid": grid_record(GRID)}
    steps = (Step("registered", "made up"), Step("resampled", "made up", details=details))
    volume = replace(study.sequences[key], history=steps)
    return replace(study, sequences={**study.sequences, key: volume})


@pytest.mark.parametrize(("mm", "doubt"), [(9.0, True), (0.5, False)])
def test_a_mask_from_before_the_alignment_is_doubted(head, mm, doubt):
    """Nobody can tell which sequence it was drawn on: one that moved leaves it behind."""
    finer = replace(GRID, spacing=tuple(s / 2 for s in GRID.spacing), size=(88, 72, 60))
    large = BRAIN.repeat(2, 0).repeat(2, 1).repeat(2, 2).astype(np.uint8)
    study = moved(head, "flair", mm)
    brain = make_ready(study, Preparation(Volume(large, finer)), device="cpu").brain
    assert (brain.step.verdict == "look") == doubt
    assert ("FLAIR (by 9 mm)" in brain.step.why) == doubt
    same = make_ready(study, Preparation(Volume(BRAIN.astype(np.uint8), GRID)), device="cpu")
    assert same.brain.step.verdict == "good", "it was drawn on the study as it is"


def test_cancelled_in_the_middle(head, found):
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        make_ready(head, Preparation(), device="cpu", cancelled=lambda: next(asked))


def test_a_job_that_is_closed_stops_looking_for_the_brain(head, known_bundle, monkeypatch):
    seen = []

    def endless(volumes, /, *, device, cancelled, progress):
        progress(0.1)
        while not cancelled():
            pass
        seen.append("stopped")
        raise Cancelled

    monkeypatch.setattr(ready, "extract_brain", endless)
    messages = run(head, known_bundle, device="cpu")
    assert next(m for m in messages if isinstance(m, Progress) and m.fraction > 0).stage == "ready"
    messages.close()
    assert seen == ["stopped"]


def test_memory_is_asked_for_before_the_brain_is_looked_for(head, known_bundle, found, monkeypatch):
    monkeypatch.setattr(memory, "free_host_bytes", lambda: 600 * 2**20)
    *_, last = run(head, known_bundle, device="cpu")
    assert isinstance(last, Failure)
    assert "memory" in last.sentence()
    assert found["calls"] == []
    monkeypatch.setattr(memory, "free_host_bytes", lambda: 4 * 2**30)
    *_, last = run(head, known_bundle, device="cpu")
    assert found["calls"]


def test_the_record_of_a_job_says_what_was_done_as_json(head, known_bundle, found):
    *steps, last = run(
        head, known_bundle, device="cpu", preparation=Preparation(bias_correction=True)
    )
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    if isinstance(last, Failure):
        assert last.kind == "empty", last
        return
    assert isinstance(last, Result)
    record = json.loads(json.dumps(dict(last.segmentation.provenance), allow_nan=False))
    done = [step["step"] for step in record["inputs"]["t1"]["steps"]]
    assert done == ["brain extracted", "bias corrected"]
