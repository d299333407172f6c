"""The job: the right mask, honest progress, cancel between windows, and failures as messages."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from inference.messages import last_of
from monai.inferers import SlidingWindowInferer

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume, read_study, to_model_space, to_study_grid
from napari_acs.inference import (
    STAGES,
    Progress,
    Result,
    SegmentationError,
    memory,
    run,
    segment,
)
from napari_acs.inference.uncertainty import mean_uncertainty
from napari_acs.inference.unseen import unseen_of
from napari_acs.inference.windows import plan_windows
from napari_acs.models import save_bundle
from napari_acs.models.networks import build_network


def test_a_known_tumour_is_found_voxel_for_voxel_on_the_study_grid(
    known_study, known_bundle, expected_labels
):
    made = last_of(run(known_study, known_bundle, device="cpu")).segmentation
    np.testing.assert_array_equal(made.labels, expected_labels)
    assert made.labels.dtype == np.uint8
    assert made.grid == known_study.grid
    assert not made.labels.flags.writeable
    wt, tc, et = (made.probabilities.whole(name) for name in ("WT", "TC", "ET"))
    assert wt.dtype == np.float16
    assert wt.shape == known_study.grid.shape
    assert (wt >= tc).all()
    assert (tc >= et).all()
    assert made.volumes_ml["WT"] == pytest.approx(np.count_nonzero(expected_labels) / 1000)


def test_the_same_study_in_another_orientation_gives_the_same_mask_there(
    known_study, known_bundle, expected_labels
):
    grid = known_study.grid
    x, y, z = grid.size
    turned_grid = Grid((z, x, y), (1.0,) * 3, (0.0,) * 3, (0, 1, 0, 0, 0, 1, 1, 0, 0))
    turned = {
        # Index (x, y, z) of the array that holds the same voxels becomes (z, x, y).
        name: Volume(np.ascontiguousarray(v.array.transpose(1, 2, 0)), turned_grid)
        for name, v in known_study.sequences.items()
    }
    made = last_of(run(Study("turned", turned), known_bundle, device="cpu")).segmentation
    np.testing.assert_array_equal(made.labels, expected_labels.transpose(1, 2, 0))


def test_progress_comes_after_every_window_and_only_rises(known_study, known_bundle):
    messages = list(run(known_study, known_bundle, device="cpu"))
    steps = [m for m in messages if isinstance(m, Progress)]
    image = to_model_space(known_study, ("flair", "t1ce", "t2", "t1"), (1.0, 1.0, 1.0))
    windows = len(plan_windows(image.array.shape[1:], (16, 16, 16)).starts)
    done = [(m.done, m.total) for m in steps if m.stage == "inference"]
    assert windows > 8
    assert done == [(i + 1, windows) for i in range(windows)]
    assert list(dict.fromkeys(m.stage for m in steps)) == list(STAGES)
    assert all(a.fraction <= b.fraction for a, b in pairwise(steps))
    assert (steps[0].fraction, steps[-1].fraction) == (0.0, 1.0)


def test_cancel_lands_before_the_next_window(known_study, known_bundle):
    net = known_bundle.net
    end = last_of(run(known_study, known_bundle, device="cpu", cancelled=lambda: net.calls >= 2))
    assert (end.kind, net.calls) == ("cancelled", 2)


def test_a_cancel_on_seeing_progress_costs_no_further_window(known_study, known_bundle):
    asked = []
    for message in run(known_study, known_bundle, device="cpu", cancelled=lambda: bool(asked)):
        if isinstance(message, Progress) and (message.stage, message.done) == ("inference", 2):
            asked.append(True)
    assert message.kind == "cancelled"
    assert known_bundle.net.calls == 2


def test_cancel_before_the_start_computes_nothing(known_study, known_bundle):
    messages = list(run(known_study, known_bundle, cancelled=lambda: True))
    assert [m.kind for m in messages] == ["cancelled"]
    assert known_bundle.net.calls == 0


def test_closing_the_generator_stops_the_work_and_leaves_torch_as_it_was(known_study, known_bundle):
    before = (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic)
    job = run(known_study, known_bundle, device="cpu")
    while known_bundle.net.calls < 2:
        next(job)
    assert not torch.is_inference_mode_enabled()
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic) == before
    job.close()
    assert known_bundle.net.calls == 2


def test_an_empty_prediction_says_how_near_it_was_and_what_was_missing(
    known_study, known_bundle, without
):
    blind = without(known_study, "flair", "t2")
    end = last_of(run(blind, known_bundle, device="cpu"))
    assert end.kind == "empty"
    sentence = end.sentence()
    for words in ("no tumour", "WT 0.00", "TC 0.00", "ET 0.00", "FLAIR and T2 missing"):
        assert words in sentence, sentence


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_running_out_of_memory_is_a_sentence(known_study, known_bundle, fault):
    known_bundle.net.fault = fault
    end = last_of(run(known_study, known_bundle, device="cpu"))
    assert end.kind == "input"
    assert "not enough memory" in end.sentence()


def test_want_of_memory_is_refused_before_the_first_window(known_study, known_bundle, monkeypatch):
    monkeypatch.setattr(memory, "free_host_bytes", lambda: 100 * 2**20)
    end = last_of(run(known_study, known_bundle, device="cpu"))
    assert "not enough memory" in end.sentence()
    assert "0.1 GiB is free" in end.sentence()
    assert known_bundle.net.calls == 0


def test_a_fault_of_ours_is_a_failure_with_its_traceback(known_study, known_bundle):
    known_bundle.net.fault = KeyError("gone")
    end = last_of(run(known_study, known_bundle, device="cpu"))
    assert end.kind == "internal"
    assert "KeyError" in end.why
    assert "in forward" in end.detail


def test_a_missing_sequence_is_refused_or_noted_as_the_bundle_says(
    known_study, known_bundle, make_spec, without
):
    lacking = without(known_study, "t1")
    end = last_of(run(lacking, known_bundle, device="cpu"))
    assert isinstance(end, Result)
    assert "T1 missing" in end.notes[0]
    assert end.segmentation.provenance["sequences"]["missing"] == ["t1"]
    for inputs in (
        {"channels": [{"name": "t1", "required": True}, {"name": "flair"}]},
        {"channels": [{"name": "t1"}, {"name": "flair"}], "minimum_sequences": 2},
    ):
        inputs |= {"spacing_mm": (1.0, 1.0, 1.0), "patch": (16, 16, 16)}
        known_bundle.spec = make_spec(input=inputs)
        end = last_of(run(lacking, known_bundle, device="cpu"))
        assert end.kind == "input"
        assert "t1" in end.sentence()


def test_an_absent_device_is_refused(known_study, known_bundle):
    end = last_of(run(known_study, known_bundle, device="cuda:77"))
    assert end.kind == "input"
    assert "cuda:77" in end.what
    assert "cpu" in end.why


def test_provenance_is_json_and_names_no_folder(known_case, known_bundle):
    folder = known_case("Smith_John")
    study = read_study(folder)
    record = segment(study, known_bundle, "cpu").provenance
    text = json.dumps(record, allow_nan=False)
    assert str(folder.parent) not in text
    assert record["inputs"]["flair"]["file"] == "Smith_John_flair.nii.gz"
    assert {k: v["sha256"] for k, v in record["inputs"].items()} == study.input_sha256()
    assert record["model"]["sha256"] == known_bundle.sha256
    assert record["tiling"]["windows"] == known_bundle.net.calls
    assert set(record["seconds"]) == set(STAGES)


def test_segment_returns_the_segmentation_or_raises(known_study, known_bundle, without):
    seen = []
    made = segment(known_study, known_bundle, "cpu", progress=seen.append)
    assert made.labels.any()
    assert seen[-1].fraction == 1.0
    with pytest.raises(BadInput, match=r"cuda:77.*Choose one"):
        segment(known_study, known_bundle, "cuda:77")
    with pytest.raises(SegmentationError, match="no tumour") as caught:
        segment(without(known_study, "flair"), known_bundle, "cpu")
    assert caught.value.failure.kind == "empty"


def test_a_real_network_gives_what_monai_and_the_imaging_room_give(
    known_study, make_spec, tmp_path, one_torch_thread
):
    fields = make_spec().model_dump(exclude={"weights"})
    fields["architecture"]["arguments"] = {"decoder_channels": (8, 8, 8, 8, 8), "stem_channels": 4}
    for region in fields["output"]["regions"]:
        region["threshold"] = 1e-6  # whatever random weights say is something
    network = build_network(make_spec(architecture=fields["architecture"]))
    bundle = save_bundle(tmp_path / "random", fields, network)
    end = last_of(run(known_study, bundle, device="cpu"))
    assert isinstance(end, Result), end
    image = to_model_space(known_study, ("flair", "t1ce", "t2", "t1"), (1.0, 1.0, 1.0))
    monai = SlidingWindowInferer((16, 16, 16), sw_batch_size=1, overlap=0.5, mode="gaussian")
    network.eval()
    with torch.inference_mode():
        blended = monai(
            torch.from_numpy(image.array)[None], lambda x: bundle.probabilities(network(x))
        )
    seen = np.where(unseen_of(image), 0, blended[0].numpy())  # ours finds nothing in the air
    expected = to_study_grid(seen, image, known_study.grid)
    maps = end.segmentation.probabilities
    ours = np.stack([maps.whole(name) for name in maps.names])
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-3)  # float16


def test_the_recorded_input_is_that_of_the_start(known_study, known_bundle, tmp_path):
    file = tmp_path / "t1.nii.gz"
    file.write_bytes(b"as read")
    sequences = dict(known_study.sequences)
    sequences["t1"] = Volume(sequences["t1"].array, known_study.grid, file)
    study = Study("replaced", sequences)
    before = study.input_sha256()["t1"]
    messages = run(study, known_bundle, device="cpu")
    for message in messages:
        if message.stage == "inference":
            break
    file.write_bytes(b"replaced meanwhile")
    made = last_of(messages).segmentation
    recorded = made.provenance["inputs"]["t1"]["sha256"]
    assert recorded == before != study.input_sha256()["t1"]
    inside = made.labels[made.probabilities.box]
    figure = mean_uncertainty(made.probabilities, made.spread, inside)
    assert made.provenance["uncertainty"] == figure is not None
