"""The ablation's verdicts say what the figures say, whichever way round an arm is."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_acs.training.cases import Case

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(BENCHMARKS / "ablation_table.py"))


def _run(arm, seed, dice, ways=("average", "T1ce and FLAIR"), cases=12):
    scores = {
        f"case{i}": dict.fromkeys(("WT", "TC", "ET"), dice + 0.02 * (i % 5)) for i in range(cases)
    }
    return {
        "arm": arm, "fold": 0, "seed": seed, "steps": 9, "seconds": 1.0,
        "dice": dict.fromkeys(ways, scores),
    }  # fmt: skip


def _row(table, name):
    line = next(line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_an_ingredient_is_kept_where_having_it_is_better(benchmark):
    table = benchmark["table"](
        [
            _run("baseline", 0, 0.5),
            _run("carve", 0, 0.6),
            _run("deep supervision", 0, 0.4),
            _run("no dropping", 0, 0.6),
            _run("no shape", 0, 0.4),
        ]
    )
    kept = {
        "carved tumours, 50 % of patches": ("+0.100", "kept"),
        "deep supervision": ("-0.100", "not kept"),
        "sequence dropping": ("-0.100", "not kept"),
        "turning, scaling, bending": ("+0.100", "kept"),
    }
    for name, (gain, verdict) in kept.items():
        _, wt, *_, pairs, word = _row(table, name)
        assert (wt, word, pairs) == (gain, verdict, "12, 12")
    assert _row(table, "phantoms, 30 % of samples")[4:] == ["not run", "0", ""]


def test_only_seeds_that_both_sides_have_are_compared(benchmark):
    runs = [_run("baseline", 0, 0.5), _run("baseline", 1, 0.9), _run("carve", 0, 0.6)]
    assert _row(benchmark["table"](runs), "carved tumours, 50 % of patches")[1] == "+0.100"
    other = _row(benchmark["table"](runs), "nothing: another seed")
    assert other[1] == "+0.400"
    assert other[-1] == "", "chance is given no verdict"


def test_the_interval_is_as_wide_as_the_normal_one_for_many_cases(benchmark):
    values = np.random.default_rng(0).normal(0.01, 0.1, 400)
    low, high = benchmark["interval"](values)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


@pytest.fixture(scope="module")
def ablation():
    return runpy.run_path(str(BENCHMARKS / "ablation.py"), run_name="ablation")


def _cases(patients):
    empty = torch.zeros(1, 1, 1, 1)
    return [Case(f"case{i}", empty, empty, 4.0, patient=p) for i, p in enumerate(patients)]


def test_both_scans_of_a_patient_are_in_one_half(ablation):
    cases = _cases(["a", "A", "b", "", "c"])
    halves = [[case.name for case in ablation["half"](cases, fold)] for fold in (0, 1)]
    assert halves == [["case0", "case1", "case3"], ["case2", "case4"]]


def test_one_head_under_two_names_is_in_one_half(ablation):
    heads = torch.randn(4, 2, 16, 16, 16, generator=torch.Generator().manual_seed(0)).half()
    images = [heads[0], heads[1], 3 * heads[0] + 0.1 * heads[2], heads[3]]
    cases = [Case(f"case{i}", image, image[0], 4.0) for i, image in enumerate(images)]
    halves = [[case.name for case in ablation["half"](cases, fold)] for fold in (0, 1)]
    assert halves == [["case0", "case2", "case3"], ["case1"]]


def test_results_of_other_steps_or_cases_are_not_gone_on_with(ablation):
    cases = _cases([""] * 24)
    names = [case.name for case in ablation["half"](cases, 0)]
    row = {**_run("longer", 0, 0.5), "steps": 350}
    row["dice"] = {"average": {name: {} for name in names}}
    todo = [("longer", 0, 0)]
    refuse = ablation["refuse_unlike"]
    refuse([row], todo, 200, cases)
    refuse([{**row, "seed": 7}], todo, 20, cases)
    with pytest.raises(SystemExit, match=r"350 steps.*asked for with 170"):
        refuse([row], todo, 20, cases)
    with pytest.raises(SystemExit, match="12 cases"):
        refuse([row], todo, 200, cases[1:])
