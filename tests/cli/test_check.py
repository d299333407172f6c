"""``napari-acs check``: the list, the report and the exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.imaging.check import TOPICS
from napari_acs.imaging.sample import sample_folder


def by_topic(report: dict) -> dict[str, dict]:
    return {line["topic"]: line for line in report["lines"]}


def test_a_sound_study(call):
    result = call("check", sample_folder())
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "sample"
    assert sum(line.startswith("✓ green ") for line in lines) == 1 + len(TOPICS)
    assert "\x1b[" not in result.stdout


def test_the_report(call, tmp_path):
    result = call("check", sample_folder(), "--json", "-")
    report = json.loads(result.stdout)
    assert (report["format"], report["study"], report["worst"]) == (1, "sample", "green")
    assert list(by_topic(report)) == ["files", *TOPICS]
    assert list(report["sequences"]) == ["t1", "t1ce", "t2", "flair"]
    assert report["sequences"]["t2"]["looks_like"] == "t2"
    assert report["sequences"]["t2"]["file"].endswith("phantom_t2.nii.gz")
    file = tmp_path / "report.json"
    assert call("check", sample_folder(), "--json", file).exit_code == 0
    assert json.loads(file.read_text())["worst"] == "green"
    again = call("check", sample_folder(), "--json", file)
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_a_red_line_is_exit_code_2_and_the_report_is_written(call, tmp_path):
    t1 = sample_folder() / "phantom_t1.nii.gz"
    file = tmp_path / "report.json"
    result = call("check", "--t1", t1, "--t1ce", t1, "--json", file)
    assert result.exit_code == 2
    assert "✗ red   One image is used for two sequences" in result.stdout
    assert by_topic(json.loads(file.read_text()))["duplicates"]["status"] == "red"


def test_a_file_that_cannot_be_read_is_a_line_among_others(call, tmp_path):
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(b"no image")
    good = sample_folder() / "phantom_flair.nii.gz"
    result = call("check", "--t1", bad, "--flair", good, "--json", "-")
    assert result.exit_code == 2
    lines = by_topic(json.loads(result.stdout))
    assert lines["files"]["status"] == "red"
    assert "bad.nii.gz" in lines["files"]["found"]
    assert [t for t, line in lines.items() if line["status"] == "red"] == ["files"]
    alone = call("check", "--t1", bad, "--json", "-")
    assert alone.exit_code == 2
    assert by_topic(json.loads(alone.stdout))["sequences"]["status"] == "red"


def test_a_name_against_the_option_is_amber(call):
    t2 = sample_folder() / "phantom_t2.nii.gz"
    result = call("check", "--flair", t2, "--json", "-")
    assert result.exit_code == 0
    line = by_topic(json.loads(result.stdout))["sequences"]
    assert line["status"] == "amber"
    assert "FLAIR: the name says T2" in line["found"]


def test_the_models_needs_come_from_its_description(call, bundle_dir, tmp_path):
    spec = json.loads((bundle_dir / "model.json").read_text())
    spec["input"]["minimum_sequences"] = 2
    spec["input"]["channels"][3]["required"] = True
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.json").write_text(json.dumps(spec))
    t1 = sample_folder() / "phantom_t1.nii.gz"
    result = call("check", "--t1", t1, "--model", other, "--json", "-")
    assert result.exit_code == 2
    assert (
        "FLAIR missing, without which" in by_topic(json.loads(result.stdout))["sequences"]["found"]
    )
    assert call("check", "--t1", t1, "--model", "none").exit_code == 2


def test_refusals(call, tmp_path):
    assert call("check").exit_code == 2
    assert "not clear what to check" in call("check").stderr
    empty = call("check", tmp_path)
    assert empty.exit_code == 2
    assert "holds no MRI sequence" in empty.stderr


def test_cancelled(call, monkeypatch):
    def cancelled():
        return True

    def check(wanted, needs, _cancelled):
        return original(wanted, needs, cancelled)

    check_module = import_module("napari_acs.cli.check")  # by name it is the function
    original = check_module._check
    monkeypatch.setattr(check_module, "_check", check)
    monkeypatch.setattr(check_module, "interruptible", lambda: Always(cancelled))
    result = call("check", sample_folder())
    assert result.exit_code == 3
    assert result.stdout == ""


class Always:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *_):
        return None


def test_it_loads_no_torch_and_does_without_symbols():
    code = (
        "import sys; from napari_acs.cli import app\n"
        "try: app(['check', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, sample_folder()],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
    )
    assert "+ green Every file can be read" in done.stdout


@needs_shared_data
@pytest.mark.parametrize("json", [(), ("--json", "-")])
def test_the_native_study(call, json):
    result = call("check", SHARED_DATA / "tcga-lgg-native/TCGA-FG-6692", *json)
    assert result.exit_code == 2
    assert "Sequences lie on different grids" in result.stdout


@pytest.fixture
def anonymous(tmp_path) -> Path:
    """The sample, its files called so that nothing says which is which."""
    folder = tmp_path / "anonymous"
    folder.mkdir()
    for letter, key in zip("abcd", ("t1", "t1ce", "t2", "flair"), strict=True):
        shutil.copy(sample_folder() / f"phantom_{key}.nii.gz", folder / f"{letter}.nii.gz")
    return folder


def test_what_the_images_alone_told_is_said_with_the_files(call, anonymous, tmp_path):
    result = call("check", anonymous, "--json", tmp_path / "r.json")
    assert result.exit_code == 0, result.output
    assert "! amber The images alone told which sequence is which" in result.stdout
    line = by_topic(json.loads((tmp_path / "r.json").read_text()))["told"]
    for title, letter in (("T1", "a"), ("T1ce", "b"), ("T2", "c"), ("FLAIR", "d")):
        assert f"{title} is {letter}.nii.gz (" in line["found"]
    named = json.loads(call("check", sample_folder(), "--json", "-").stdout)
    assert "told" not in by_topic(named)
    files = [f"--{k}={anonymous / f}.nii.gz" for k, f in (("t1", "a"), ("flair", "d"))]
    assert "told" not in by_topic(json.loads(call("check", *files, "--json", "-").stdout))


def test_segment_and_classify_say_it_too(call, anonymous, bundle_dir, tmp_path):
    out = tmp_path / "m.nii.gz"
    done = call("segment", anonymous, "--model", bundle_dir, "--out", out, "--json", "-")
    assert done.exit_code == 0, done.output
    assert "T2 is c.nii.gz (" in done.stderr
    report = json.loads(done.stdout)
    assert any("T2 is c.nii.gz (" in note for note in report["notes"])
    assert by_topic({"lines": report["check"]})["told"]["status"] == "amber"
    demo = ("classify", anonymous, "--model", "demo-enhancing-acs-mobilenetv2", "--mask", out)
    asked = call(*demo)
    assert asked.exit_code == 0, asked.output
    assert "T2 is c.nii.gz (" in asked.stderr
