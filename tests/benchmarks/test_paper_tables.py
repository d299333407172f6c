"""The tables of the paper's comparison, from rows that are made up."""

import copy
import json
import sys

import paper
import pytest
from benchmarks.paper_rows import made_up, row
from comparison.page import write_between_markers
from comparison.statistics import MEAN, difference, first_at, mean_curve, whole_rounds
from comparison.table import report, tuning_report


def test_differences_are_paired_by_case():
    rows = made_up(0.8, 0.6)
    ours, theirs = rows[:4], rows[4:]
    found = difference(ours, theirs, "WT")
    assert (found.mean, found.low, found.high) == pytest.approx((0.2, 0.2, 0.2))
    assert found.cases == 10
    noisy = copy.deepcopy(theirs)
    for number, case in enumerate(noisy[0]["cases"].values()):
        case["WT"]["dice"] -= 0.1 * number
    wider = difference(ours, noisy, "WT")
    assert wider.low < wider.mean < wider.high
    assert wider.clear
    assert wider.mean == pytest.approx(0.2 + 0.1 * (0 + 1 + 2 + 3 + 4) / 2 / 10)
    assert not difference(ours, ours, MEAN).clear


def test_a_round_that_not_every_arm_has_run_is_left_out():
    rows = made_up(0.8, 0.6)[:-1]
    kept = whole_rounds(rows, ["acs-imagenet", "conv3d-scratch"])
    assert len(kept) == 6
    assert not any((r["fold"], r["seed"]) == (1, 1) for r in kept)
    assert "1 more runs" in report(rows)
    assert "No fold and seed" in report(rows[:4][:0])


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (0.8, 0.6, "better: **so here**"),
        (0.6, 0.8, "not so here: native 3D from scratch is better"),
        (0.7, 0.7, "not shown here"),
    ],
)
def test_the_report_says_whether_the_papers_claim_holds(ours, theirs, verdict):
    text = report(made_up(ours, theirs))
    assert verdict in text
    assert "67 % smaller" in text
    assert "about 22 % smaller" in text


def test_the_report_states_scores_costs_and_what_is_reached_when():
    text = report(made_up(0.8, 0.65))
    lines = text.splitlines()
    dice = next(line for line in lines if line.startswith("| ACS, ImageNet") and "±" in line)
    assert dice.split("|")[2].strip() == "0.810 ± 0.012"
    cost = next(line for line in lines if line.startswith("| ACS, ImageNet") and "1.00" in line)
    cells = [cell.strip() for cell in cost.split("|")[2:-1]]
    # Native 3D ends at 0.660; ours is at 0.710 at the first look, after 50 steps.
    assert cells == ["1.00", "4.0", "67 % smaller", "50", "5", "25", "40", "0.50", "700"]
    hd95 = next(line for line in lines if line.startswith("| ACS, ImageNet") and "373.1" in line)
    assert "7.0 (6.0 to 8.0)" in hd95
    curve = mean_curve(made_up(0.8, 0.65)[:4])
    assert curve[1][:4] == pytest.approx([100, 80, 50, 0.81])
    assert first_at(curve, 0.9) is None
    assert first_at(curve, 0.5)[0] == 50


def test_trials_are_reported_by_rate():
    trials = [
        {**row("acs-imagenet", 0, 1000, wt), "rate": rate, "trial": True}
        for rate, wt in ((1e-3, 0.5), (3e-3, 0.6))
    ]
    assert tuning_report(trials).splitlines()[-1] == "| all |  | 0.450 | 0.487 |"


def test_a_page_keeps_all_but_what_stands_between_the_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A\n<!-- t:begin -->\nold\n<!-- t:end -->\nend\n", encoding="utf-8")
    write_between_markers(page, "t", "new")
    write_between_markers(page, "t", "newer")
    assert page.read_text(encoding="utf-8") == (
        "# A\n<!-- t:begin -->\n\nnewer\n\n<!-- t:end -->\nend\n"
    )
    with pytest.raises(SystemExit, match="other:begin"):
        write_between_markers(page, "other", "new")


def test_a_table_of_runs_that_are_not_alike_is_refused(tmp_path, monkeypatch):
    rows = made_up(0.8, 0.6)
    file = tmp_path / "rows.jsonl"
    monkeypatch.setattr(sys, "argv", ["paper.py", "--table", str(file)])
    assert rows[0]["fold"] != rows[-1]["fold"]
    for change, said in (
        ({"steps": 20}, "not of one kind.*20 steps"),
        ({"cases": rows[0]["cases"]}, "was not judged on the cases of"),
    ):
        mixed = [*rows[:-1], {**rows[-1], **change}]
        file.write_text("".join(json.dumps(row) + "\n" for row in mixed))
        with pytest.raises(SystemExit, match=said):
            paper.main()
