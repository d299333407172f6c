"""Networks that the real GaNDLF made, imported: the same answer, or a refusal that says why."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from conftest import REPO

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume
from napari_acs.inference.members import Member, members_of
from napari_acs.inference.views import AS_IT_IS
from napari_acs.inference.walk import Walk
from napari_acs.models import load_bundle
from napari_acs.models.imports import import_model

GANDLF = Path(os.environ.get("NAPARI_ACS_GANDLF", REPO / ".venv" / "gandlf"))
GLIOMA, NESTED = [0, 1, 2, 4], [0, "1||2||4", "1||4", 4]
CASES = {
    "resunet": {"norm_type": "instance", "class_list": GLIOMA, "num_channels": 4},
    "deep_resunet": {
        "class_list": NESTED,
        "final_layer": "sigmoid",
        "sigmoid_input_multiplier": 2.0,
        "converter_type": "acs",
    },
    "light_resunet": {"class_list": [0, 1]},
    "resunet_multilayer": {"class_list": GLIOMA, "depth": 3},
    "light_resunet_multilayer": {"class_list": GLIOMA, "depth": 2, "norm_type": "instance"},
    "imagenet_unet": {"class_list": GLIOMA, "encoder_name": "resnet18", "pretrained": False}
    | {"decoder_channels": [16, 12, 8, 8, 4]},
    "imagenet_unet-acs": {"class_list": NESTED[1:], "encoder_name": "mobilenet_v2"}
    | {"pretrained": False, "encoder_depth": 4, "decoder_channels": [16, 12, 8, 8]}
    | {"converter_type": "acs", "norm_type": "instance", "final_layer": "sigmoid"},
}
COMMON = {"num_channels": 2, "base_filters": 4, "norm_type": "batch", "final_layer": "softmax"}
NAMES = ("flair", "t1ce", "t1", "t2")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder a case, as GaNDLF's training leaves it, with what its network answered."""
    if not (GANDLF / "GANDLF").is_dir():
        pytest.skip(f"GaNDLF is not at {GANDLF}; scripts/setup test puts it there")
    home = tmp_path_factory.mktemp("gandlf")
    cases = {n: {**COMMON, "architecture": n.split("-")[0], **m} for n, m in CASES.items()}
    (home / "cases.json").write_text(json.dumps(cases))
    script = Path(__file__).with_name("make_gandlf.py")
    command = [sys.executable, str(script), str(home / "made"), str(home / "cases.json")]
    env = {**os.environ, "PYTHONPATH": str(GANDLF)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return home / "made"


@pytest.mark.parametrize("case", CASES)
def test_an_imported_network_answers_as_in_gandlf(made, tmp_path, case):
    channels = NAMES[: CASES[case].get("num_channels", 2)]
    import_model(made / case, tmp_path, channels=channels, id="mine")
    bundle = load_bundle(tmp_path / "mine")
    said = torch.load(made / case / "said.pt")
    with torch.no_grad():  # torchio's arrays are x, y, z; ours z, y, x
        logits = bundle.network()(said["x"].transpose(2, 4))
    answer = said["answer"].transpose(2, 4)
    activation = bundle.spec.output.activation
    theirs = logits.softmax(1) if activation == "softmax" else logits.sigmoid()
    torch.testing.assert_close(theirs, answer, atol=1e-4, rtol=0)
    if CASES[case]["class_list"] == GLIOMA:
        _, ncr, ed, et = answer[0]
        regions = torch.stack([ncr + ed + et, ncr + et, et])
    else:
        regions = answer[0, -len(bundle.spec.output.regions) :].cummin(0).values
    torch.testing.assert_close(bundle.probabilities(logits)[0], regions, atol=1e-4, rtol=0)
    assert [c.name for c in bundle.spec.input.channels] == list(channels)
    assert "GaNDLF 0.1.5" in bundle.spec.origin
    assert "not evaluated" in (bundle.path / "card.md").read_text()


def test_a_region_has_the_label_that_gandlf_writes_where_its_probability_is_clear(made, tmp_path):
    bundle = import_model(made / "resunet", tmp_path, channels=NAMES)
    answer = torch.load(made / "resunet" / "said.pt")
    et = next(r for r in bundle.spec.output.regions if r.name == "ET")
    labels = answer["labels"] == 4
    assert torch.equal(labels, answer["answer"][0, et.channels[0]] >= 0.5)


@pytest.mark.parametrize("volume", [(1, 2, 33, 30, 20), (1, 2, 5, 16, 31)])
def test_a_volume_of_any_size_is_answered(made, tmp_path, volume):
    bundle = import_model(made / "light_resunet", tmp_path, channels=NAMES[:2])
    with torch.no_grad():
        assert bundle.network()(torch.zeros(volume)).shape[2:] == volume[2:]


@pytest.fixture(scope="module")
def prepared(made):
    """One study as GaNDLF's own inference prepares it, by its steps, and what a network answers."""
    if not (GANDLF / "torchio").is_dir():
        pytest.skip(f"TorchIO is not at {GANDLF}; scripts/setup test puts it there")
    return torch.load(made / "light_resunet" / "prepared.pt")


@pytest.fixture
def seen(made, prepared, tmp_path):
    """Import a network with these steps, and show it the study."""

    def see(name) -> Member:
        config = yaml.safe_load((made / "light_resunet" / "config.yaml").read_text())
        config |= {"data_preprocessing": prepared[name]["steps"], "patch_size": [48] * 3}
        (tmp_path / "said.yaml").write_text(yaml.safe_dump(config))
        torch.save({"model_state_dict": _state(made / "light_resunet")}, tmp_path / "a.pth.tar")
        bundle = import_model(
            tmp_path / "a.pth.tar",
            tmp_path,
            config=tmp_path / "said.yaml",
            channels=NAMES[:2],
            id="mine",
        )
        grid = Grid((48,) * 3, (1.0,) * 3, (0.0,) * 3, (1, 0, 0, 0, 1, 0, 0, 0, 1))
        arrays = prepared["raw"].transpose(1, 3).numpy().astype(np.int16)
        volumes = {n: Volume(a, grid) for n, a in zip(NAMES, arrays, strict=False)}
        (member,) = members_of(Study("gandlf's", volumes), [bundle])
        return member

    return see


PLAIN = ("normalize", "normalize_nonZero", "normalize_positive", "normalize_nonZero_masked")


@pytest.mark.parametrize("name", [*PLAIN, "resampled", "canonical"])
def test_a_network_sees_what_gandlf_s_own_preparation_shows_it(prepared, seen, name):
    image = seen(name).image
    theirs = prepared[name]["x"].transpose(1, 3).numpy()
    theirs = theirs[..., ::-1, ::-1] if name == "canonical" else theirs
    step = 2.0 if name == "resampled" else 1.0
    first = [round((p - (step - 1) / 2) / step) for p in reversed(image.grid.origin)]
    box = tuple(slice(f, f + n) for f, n in zip(first, image.grid.shape, strict=True))
    assert image.grid.shape < theirs.shape[1:]  # so that there is an outside to compare
    # 1e-4: of the masked one, whose deviation is MONAI's, of a population instead of a sample.
    np.testing.assert_allclose(image.array, theirs[(slice(None), *box)], atol=1e-5, rtol=1e-4)
    # What the box leaves out is the background in every voxel, and so is each corner.
    outside = np.ones(theirs.shape[1:], bool)
    outside[box] = False
    for channel, value in zip(theirs, image.background or (0.0, 0.0), strict=True):
        np.testing.assert_allclose(channel[outside], value, atol=1e-5)
    shifts = name != "normalize_nonZero_masked"
    assert all((value < -0.3) == shifts for value in image.background or (0.0,))


@pytest.mark.parametrize("name", [*PLAIN, "canonical"])
def test_a_job_answers_what_gandlf_answers_over_the_whole_volume(prepared, seen, name):
    """The box round the brain lies in the middle of the volume, so its window is the volume."""
    member = seen(name)
    walk = Walk(member, "cpu", "float32", (48,) * 3, AS_IT_IS)
    work = walk.messages(lambda: None)
    while True:
        try:
            next(work)
        except StopIteration as end:
            ours = end.value.moments.mean
            break
    answer = prepared[name]["answer"][0, 1].permute(2, 1, 0).numpy()
    answer = answer[:, ::-1, ::-1] if name == "canonical" else answer
    first = [round(p) for p in reversed(member.image.grid.origin)]
    box = tuple(slice(f, f + n) for f, n in zip(first, member.image.grid.shape, strict=True))
    assert answer.std() > 1e-3
    np.testing.assert_allclose(ours[0], answer[box], atol=1e-5)


CHANGES = {
    "histogram_matching": {"data_preprocessing": {"histogram_matching": {}}},
    "leaves it out": {"data_preprocessing": {"normalize_nonzero": None}},
    "several": {"data_preprocessing": {"normalize": None, "normalize_nonZero": None}},
    "mirrors": {"patch_sampler": {"type": "label", "enable_padding": True}},
    "nothing normalises": {"data_preprocessing": {}},
    "no segmentation": {"problem_type": "classification"},
    "2D": {"model": {"dimension": 2}},
    "unetr": {"model": {"architecture": "unetr"}},
    "no probability": {"model": {"final_layer": "logits"}},
    "corrects its masks": {"data_postprocessing": {"fill_holes": None}},
    "is not what": {"model": {"norm_type": "instance"}},
    "as the checkpoint says": {"data_preprocessing": {"normalize_nonZero": None}},
    "not those of the network": {"model": {"architecture": "unet"}},
}


@pytest.mark.parametrize("why", CHANGES)
def test_what_would_predict_otherwise_is_refused_and_nothing_is_written(made, tmp_path, why):
    file = made / "resunet_multilayer" / "resunet_multilayer_best.pth.tar"
    config = yaml.safe_load((file.parent / "config.yaml").read_text())
    model = config["model"] | CHANGES[why].get("model", {})
    (tmp_path / "said.yaml").write_text(yaml.safe_dump(config | CHANGES[why] | {"model": model}))
    if not why.startswith(("is not what", "as the checkpoint")):  # which says nothing here
        bare = {"model_state_dict": _state(made / "resunet_multilayer")}
        torch.save(bare, tmp_path / "bare.pth.tar")
        file = tmp_path / "bare.pth.tar"
    with pytest.raises(BadInput, match=why):
        import_model(file, tmp_path / "out", config=tmp_path / "said.yaml", channels=NAMES[:2])
    assert not (tmp_path / "out").exists()


def test_channels_and_labels_that_nobody_names_are_asked_for(made, tmp_path):
    with pytest.raises(BadInput, match="--channels"):
        import_model(made / "resunet", tmp_path / "out")
    folder = shutil.copytree(made / "resunet", tmp_path / "msd")
    bare = {"model_state_dict": _state(folder)}
    (file := folder / "resunet_best.pth.tar").unlink()
    torch.save(bare, file)
    config = (folder / "config.yaml").read_text().replace("- 4", "- 3")
    (folder / "config.yaml").write_text(config)
    with pytest.raises(BadInput, match="--classes"):
        import_model(folder, tmp_path / "out", channels=NAMES)
    bundle = import_model(
        folder, tmp_path / "out", channels=NAMES, classes=("ED", "NCR", "ET"), id="msd"
    )
    assert [r.channels for r in bundle.spec.output.regions] == [(1, 2, 3), (2, 3), (3,)]


class Bomb:
    def __reduce__(self):
        return (os.mkdir, (str(self.target),))


def test_a_checkpoint_that_runs_code_is_refused_and_runs_none(tmp_path):
    bomb = Bomb()
    bomb.target = tmp_path / "boom"
    for name, parameters in (("a", bomb), ("b", {"training_data": bomb})):
        torch.save({"model_state_dict": {}, "parameters": parameters}, tmp_path / f"{name}.pth.tar")
        with pytest.raises(BadInput, match="mkdir"):
            import_model(tmp_path / f"{name}.pth.tar", tmp_path / "out")
    (tmp_path / "c.pth.tar").write_bytes(pickle.dumps(bomb))
    with pytest.raises(BadInput):
        import_model(tmp_path / "c.pth.tar", tmp_path / "out")
    assert not bomb.target.exists()
    assert not (tmp_path / "out").exists()


def _state(folder):
    file = next(folder.glob("*.pth.tar"))
    return torch.load(file, weights_only=False)["model_state_dict"]
