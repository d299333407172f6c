"""The issue's own commands, on a real case, with the network that ships."""

import json
import subprocess
import sys

import numpy as np
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.imaging import read_labels, read_volume

DATA = SHARED_DATA / "brats2021"
CASE = DATA / "BraTS2021_01485"


def _run(*arguments):
    command = [sys.executable, "-m", "napari_acs", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout, done.stderr


@needs_shared_data
def test_segment_writes_the_mask_on_the_cases_grid_and_a_report(tmp_path):
    mask, report = tmp_path / "m.nii.gz", tmp_path / "r.json"
    code, _, said = _run("segment", CASE, "--out", mask, "--json", report)
    assert code == 0, said
    volume, source = read_labels(mask), read_volume(CASE / "BraTS2021_01485_t1.nii.gz")
    assert volume.grid == source.grid
    assert set(np.unique(volume.array)) == {0, 1, 2, 4}
    facts = json.loads(report.read_text())
    assert facts["model"]["id"] == "glioma-unet-acs-mobilenetv2"
    assert len(facts["model"]["sha256"]) == 64
    assert facts["device"] in {"cpu", "cuda", "mps"}
    assert {"load", "prepare", "inference", "finish", "write"} <= set(facts["seconds"])
    counted = np.count_nonzero(volume.array) * volume.grid.voxel_ml
    assert abs(facts["volumes_ml"]["WT"] - counted) < 0.01
    before = mask.read_bytes()
    assert _run("segment", CASE, "--out", mask)[0] == 2
    assert mask.read_bytes() == before


@needs_shared_data
def test_evaluate_gives_the_figures_of_the_model_card():
    code, out, said = _run("evaluate", "--data", DATA, "--cases", "01484,01485", "--json", "-")
    assert code == 0, said
    found = {case["case"]: case["regions"] for case in json.loads(out)["cases"]}
    card = json.loads(_run("models", "show", "glioma-unet-acs-mobilenetv2", "--json")[1])
    stated = card["spec"]["metrics"]["cases"]
    for name in ("BraTS2021_01484", "BraTS2021_01485"):
        for region in ("WT", "TC", "ET"):
            for metric, tolerance in (("dice", 0.005), ("hd95_mm", 0.5)):
                difference = found[name][region][metric] - stated[name][region][metric]
                assert abs(difference) < tolerance, (name, region, metric)
