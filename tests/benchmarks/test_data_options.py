"""Benchmarks that take several ``--data`` take all of them, however they are given."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from napari_acs.models.spec import GLIOMA_OUTPUT

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(params=["twice", "together"])
def data(request, tmp_path):
    """Two folders with a case each, as both ways of giving them: the options, and the cases."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        (folder / f"case-{folder.name}").mkdir(parents=True)
        (folder / f"case-{folder.name}" / "x_seg.nii.gz").touch()
    one, two = map(str, folders)
    given = ["--data", one, "--data", two] if request.param == "twice" else ["--data", one, two]
    return given, ["case-one", "case-two"]


def _main(script, monkeypatch, **replaced):
    main = runpy.run_path(str(BENCHMARKS / script), run_name="tested")["main"]
    for name, value in replaced.items():
        assert name in main.__globals__
        monkeypatch.setitem(main.__globals__, name, value)
    return main


def test_postprocessing_takes_all_data(data, tmp_path, monkeypatch):
    options, wanted = data
    seen = []
    bundle = SimpleNamespace(spec=SimpleNamespace(id="x", output=GLIOMA_OUTPUT), sha256="0" * 64)
    main = _main(
        "postprocessing.py",
        monkeypatch,
        load_bundle=lambda _: bundle,
        judged=lambda folder, *_, **__: seen.append(folder.name),
        compare=lambda *_: [],
    )
    more = ["--member", "x", "--work", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", ["postprocessing.py", *options, *more])
    main()
    assert seen == wanted


def test_bf16_accuracy_takes_all_data(data, monkeypatch, capsys):
    options, wanted = data
    labels = np.array([[[0, 1], [2, 3]]], np.uint8)
    grid = SimpleNamespace(spacing=(1.0, 1.0, 1.0))
    study = SimpleNamespace(grid=grid, sequences={"t1": SimpleNamespace(array=labels)})
    bundle = SimpleNamespace(spec=SimpleNamespace(id="x", output=GLIOMA_OUTPUT))
    truth = {"WT": labels > 0, "TC": labels % 2 == 1, "ET": labels == 3}
    main = _main(
        "bf16_accuracy.py",
        monkeypatch,
        load_bundle=lambda _: bundle,
        read_study=lambda _: study,
        read_reference=lambda *_: truth,
        segment=lambda *_, **__: SimpleNamespace(labels=labels),
    )
    monkeypatch.setattr(sys, "argv", ["bf16_accuracy.py", *options])
    main()
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| case-")]
    assert [row.split("|")[1].strip() for row in rows] == wanted
    assert all("1.0000 | +0.0000" in row for row in rows)
