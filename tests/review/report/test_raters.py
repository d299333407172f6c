"""Several raters in one report: overlaps, volumes, decisions, and a consensus on the true grid."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from review.report.reading_html import Page
from review.report.studies import SECRETS, make
from review.session.sessions import GRID, SHAPE, drawn
from review.session.sessions import make as make_plain
from training.tiny import as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.imaging import read_grid, read_labels
from napari_acs.imaging.metrics import dice
from napari_acs.review.agreement import bland_altman, cohen_kappa, icc
from napari_acs.review.report.agreement_page import agreement_section
from napari_acs.review.report.consensus import write_consensus
from napari_acs.review.report.naming import names_of
from napari_acs.review.report.raters import agree
from napari_acs.review.session.audit import accept_in_bulk
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide, reveal
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import add_prediction, start_empty
from napari_acs.review.session.merge import merge, read_labels_of
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.state import DECIDED


@pytest.fixture
def read_twice(tmp_path):
    """Two raters, five cases, all read twice; an AI mask of each; and all that was drawn."""
    names = [f"study-{c}" for c in "abcde"]
    files = make_plain(tmp_path, names, ("DOE", "Jane Smith"), ai="hidden", repeats=1.0, seed=3)
    rng = np.random.default_rng(0)
    ai = {name: drawn(rng, n % 3) for n, name in enumerate(names)}
    masks, decisions = {}, {}
    for path in files:
        with open_session(path) as session:
            for item in list(session.state.items.values()):
                add_prediction(session, item.number, ai[item.case], GRID, title="m")
                labels = drawn(rng, names.index(item.case) % 3)
                MaskEditor(session, start_empty(session, item.number, GRID).id).set_to(labels)
                status = "accepted" if rng.random() < 0.5 else "corrected"
                decide(session, item.number, status)
                masks[session.state.rater, item.case, item.read] = labels
                decisions[session.state.rater, item.case, item.read] = status
    return files, names, ai, masks, decisions


def test_agreement_is_that_of_the_masks_and_decisions(read_twice):
    files, names, ai, masks, decisions = read_twice
    merged = merge(files)
    found = agree(merged, names_of(merged), read_labels_of)
    raters = {"Rater 1": "DOE", "Rater 2": "Jane Smith"}
    called = names_of(merged).cases
    back = {value: key for key, value in called.items()}

    def mask(name, case):
        rater, _, attempt = name.rpartition(" #")
        return ai[case] if rater == "AI" else masks[raters[rater], case, int(attempt)]

    assert len(found.overlaps) == 5 * 10 * 3  # pairs of five masks, three regions
    for each in found.overlaps:
        case = back[each.case]
        values = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}[each.region]
        a, b = (np.isin(mask(name, case), values) for name in (each.first, each.second))
        assert each.dice == pytest.approx(dice(a, b))
        assert each.first_ml == pytest.approx(a.sum() * GRID.voxel_ml)
    assert {each.relation for each in found.overlaps} == {
        "within a rater", "between raters", "rater and AI",
    }  # fmt: skip

    def told(rater, read):
        return [decisions[rater, name, read] for name in names]

    order = ("accepted", "corrected", "rejected")
    assert found.decisions == cohen_kappa(told("DOE", 1), told("Jane Smith", 1), categories=order)
    assert found.repeats["Rater 2"] == cohen_kappa(
        told("Jane Smith", 1), told("Jane Smith", 2), categories=order
    )

    def volumes(rater, read=1):
        of = ai.values() if rater == "AI" else (masks[rater, name, read] for name in names)
        return [np.count_nonzero(labels) * GRID.voxel_ml for labels in of]

    limits = {(v.first, v.second): v.limits for v in found.volumes if v.region == "WT"}
    for pair, (a, b) in {
        ("Rater 1", "Rater 2"): (volumes("DOE"), volumes("Jane Smith")),
        ("Rater 1", "AI"): (volumes("DOE"), volumes("AI")),
        ("Rater 1 #1", "Rater 1 #2"): (volumes("DOE"), volumes("DOE", 2)),
    }.items():
        expected = bland_altman(a, b)
        assert limits[pair].bias.value == pytest.approx(expected.bias.value)
        assert limits[pair].upper.high == pytest.approx(expected.upper.high)
    expected = icc([volumes("DOE"), volumes("Jane Smith")])
    assert found.intraclass["WT"].icc.value == pytest.approx(expected.icc.value)
    check_plots(found)


def check_plots(found):
    text = agreement_section(found)
    page = Page(text)
    assert not any(secret in text for secret in SECRETS)
    drawings = [given for tag, given in page.tags if tag == "svg"]
    assert len(drawings) == len(found.volumes)
    points = [(float(g["cx"]), float(g["cy"])) for tag, g in page.tags if tag == "circle"]
    assert len(points) == sum(len(each.cases) for each in found.volumes)
    first = found.volumes[0].limits
    x, y = np.array(points[: len(first.means)]).T
    # The scale is linear: pixels are a straight line of the values, upwards for y.
    for pixels, values, sign in ((x, first.means, 1), (y, first.differences, -1)):
        slope, start = np.polyfit(values, pixels, 1)
        assert np.sign(slope) == sign
        assert np.abs(slope * np.array(values) + start - pixels).max() < 0.02
    assert ((x >= 0) & (x <= 340) & (y >= 0) & (y <= 240)).all()


def test_of_a_read_in_two_parts_the_unaided_one_counts(tmp_path):
    files = make_plain(tmp_path, raters=("a", "b"), ai="after")
    full = np.full(SHAPE, 2, np.uint8)
    half = full.copy()
    half[3:] = 0
    for path in files:
        with open_session(path) as session:
            add_prediction(session, 1, full, GRID, title="m")
            editor = MaskEditor(session, start_empty(session, 1, GRID).id)
            editor.set_to(half)
            decide(session, 1, "corrected")
            reveal(session, 1)
            editor.set_to(full)
            decide(session, 1, "corrected")
    merged = merge(files)
    found = agree(merged, names_of(merged), read_labels_of)
    wt = {each.relation: each.dice for each in found.overlaps if each.region == "WT"}
    assert wt["between raters"] == 1
    assert wt["rater and AI"] == pytest.approx(2 / 3)
    assert any("before the AI was seen" in note for note in found.notes)
    written = write_consensus(merged, names_of(merged), tmp_path / "c")
    (file,) = written.files.values()
    assert np.array_equal(read_labels(tmp_path / "c" / file).array, half)


def test_what_is_no_reading_on_the_same_grid_is_compared_with_nothing(tmp_path):
    """Masks that were rejected, masks on other grids, and predictions that a newer one replaced."""
    names = ("a", "b", "c")
    files = make_plain(tmp_path, names, ("ann", "bob"), ai="hidden")
    moved = replace(GRID, origin=(-3.0, 9.0, 0.1))  # an array of one shape, elsewhere
    old, new = drawn(np.random.default_rng(1), 2), drawn(np.random.default_rng(2), 0)
    own = drawn(np.random.default_rng(3), 1)
    for path in files:
        with open_session(path) as session:
            second = session.state.rater == "bob"
            for item in list(session.state.items.values()):
                add_prediction(session, item.number, old, GRID, title="old")
                add_prediction(session, item.number, new, GRID, title="new")
                grid = moved if second and item.case == "b" else GRID
                MaskEditor(session, start_empty(session, item.number, grid).id).set_to(own)
                thrown = second and item.case == "a"
                decide(session, item.number, "rejected" if thrown else "corrected")
    merged = merge(files)
    found = agree(merged, names_of(merged, keep=True), read_labels_of)
    pairs = {(e.case, e.first, e.second): e.dice for e in found.overlaps if e.region == "WT"}
    with_ai = dice(own > 0, new > 0)
    assert pairs == pytest.approx(
        {
            ("a", "ann #1", "AI #1"): with_ai,
            ("b", "ann #1", "AI #1"): with_ai,
            ("c", "ann #1", "bob #1"): 1.0,
            ("c", "ann #1", "AI #1"): with_ai,
            ("c", "bob #1", "AI #1"): with_ai,
        }
    )
    assert any("b: a mask on another grid" in note for note in found.notes)
    assert found.decisions.cases == 3
    assert "1 read(s) rejected the mask" in " ".join(found.notes)
    with pytest.raises(BadInput, match="no consensus"):
        write_consensus(
            replace(merged, reads=tuple(r for r in merged.reads if r.case != "c")),
            names_of(merged),
            tmp_path / "c",
        )


def test_names_that_look_alike_stay_apart(tmp_path):
    """A rater called as the AI is; cases whose names are one as files'."""
    files = make_plain(tmp_path, ("a b", "a-b", "a-B"), ("AI", "AI (rater)"))
    ai = np.full(SHAPE, 2, np.uint8)
    for turn, path in enumerate(files):
        with open_session(path) as session:
            for item in (1, 2, 3):
                add_prediction(session, item, ai, GRID, title="m")
                labels = np.zeros(SHAPE, np.uint8)
                labels[item:, turn:] = 2
                MaskEditor(session, start_empty(session, item, GRID).id).set_to(labels)
                decide(session, item, "corrected")
    merged = merge(files)
    names = names_of(merged, keep=True)
    found = agree(merged, names, read_labels_of)
    assert {each.cases for each in found.summaries} == {3}
    assert {each.first for each in found.overlaps} | {each.second for each in found.overlaps} == {
        "AI (rater)* #1", "AI (rater) #1", "AI #1",
    }  # fmt: skip
    by_ai = {each.second for each in found.overlaps if each.relation == "rater and AI"}
    assert by_ai == {"AI #1"}
    written = write_consensus(merged, names, tmp_path / "c", method="majority")
    assert written.left_out == {}
    assert len({file.casefold() for file in written.files.values()}) == 3
    for item, case in enumerate(("a b", "a-b", "a-B"), 1):
        expected = np.zeros(SHAPE, np.uint8)
        expected[item:, 1:] = 2
        assert np.array_equal(read_labels(tmp_path / "c" / written.files[case]).array, expected)


def test_one_rater_with_the_ai_in_view_is_no_agreement(tmp_path):
    made = make(tmp_path, raters=("x",))
    merged = merge(made.files)
    assert agree(merged, names_of(merged), read_labels_of) is None


def test_what_was_accepted_in_bulk_is_nobodys_reading(tmp_path):
    names = [f"study-{c}" for c in "abcde"]
    files = make_plain(tmp_path, names, ("ann", "bob"))
    rng = np.random.default_rng(0)
    for path in files:
        with open_session(path) as session:
            for number in session.state.items:
                ai = drawn(rng, number % 3)
                add_prediction(session, number, ai, GRID, title="m", uncertainty=0.1)
            accept_in_bulk(session, [1, 2, 3, 4], "sure")
            MaskEditor(session, start_empty(session, 5, GRID).id).set_to(drawn(rng, 1))
            decide(session, 5, "corrected")
    merged = merge(files)
    told = names_of(merged)
    found = agree(merged, told, read_labels_of)
    assert {each.case for each in found.overlaps} == {told.cases[names[4]]}
    assert found.decisions == cohen_kappa(["corrected"], ["corrected"], categories=DECIDED)
    assert "8 read(s) accepted in bulk" in " ".join(found.notes)
    written = write_consensus(merged, told, tmp_path / "consensus")
    assert list(written.files) == [told.cases[names[4]]]
    with pytest.raises(BadInput, match="no case that is decided"):
        only_bulk(tmp_path / "more", names)


def only_bulk(folder, names):
    folder.mkdir()
    files = make_plain(folder, names, ("ann", "bob"))
    for path in files:
        with open_session(path) as session:
            for number in session.state.items:
                labels = drawn(np.random.default_rng(number), 1)
                add_prediction(session, number, labels, GRID, title="m", uncertainty=0.1)
            accept_in_bulk(session, list(session.state.items), "sure")
    merged = merge(files)
    write_consensus(merged, names_of(merged), folder / "consensus")


def test_blinded_readers_are_compared_with_the_models_masks_of_their_table(tmp_path):
    made = {f"case-{number}": tiny(number) for number in range(3)}
    as_brats(tmp_path / "data", made)
    lines = ["study,mask,uncertainty"]
    for number, name in enumerate(made):
        mask = next((tmp_path / "data" / name).glob("*_seg.nii.gz"))
        lines.append(f"data/{name},{mask},{'' if number == 2 else 0.1}")
    table = tmp_path / "cases.csv"
    table.write_text("\n".join(lines))
    cases = make_cases(find_sources([table]))
    path = tmp_path / "s.review"
    plan = make_plan([case.name for case in cases], ai="hidden")
    create_sessions({"ann": path}, cases, {"ann": plan})
    with open_session(path) as session:
        for number, item in session.state.items.items():
            grid = read_grid(next((tmp_path / "data" / f"case-{number - 1}").glob("*_t1.nii.gz")))
            MaskEditor(session, start_empty(session, item.number, grid).id).stroke([7, 8], 2)
            decide(session, number, "corrected")
    merged = merge([path])
    told = names_of(merged)
    found = agree(merged, told, read_labels_of)
    whole = [each for each in found.overlaps if each.region == "WT"]
    assert {each.relation for each in whole} == {"rater and AI"}
    # Of the third nobody says that a model has made its mask.
    assert {each.case for each in whole} == {told.cases[case.name] for case in cases[:2]}
    sizes = [np.count_nonzero(each.labels) for each in made.values()][:2]
    voxel = read_grid(next((tmp_path / "data" / "case-0").glob("*_t1.nii.gz"))).voxel_ml
    assert sorted(max(each.first_ml, each.second_ml) for each in whole) == pytest.approx(
        sorted(size * voxel for size in sizes)
    )
    assert not any("that of today" in note for note in found.notes)
    masks = sorted((tmp_path / "data").glob("*/*_seg.nii.gz"))
    shutil.copy(masks[1], masks[0])
    notes = agree(merged, told, read_labels_of).notes
    assert sum("the AI's mask is that of today" in note for note in notes) == 1
