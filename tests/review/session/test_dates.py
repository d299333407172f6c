"""Days between exams: from every kind of source, in no session a date, old sessions still open."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from imaging.dicom.study import write_study
from review.session.sessions import GRID, make
from training.tiny import as_bids, as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.review.report.naming import names_of
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.database import connect_to_write, reading
from napari_acs.review.session.dates import date_in
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.exams import apart, exam_before, in_order
from napari_acs.review.session.export import table_of
from napari_acs.review.session.log import Draft, Log
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.merge import merge
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.schema import version_of
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.state import Case
from napari_acs.review.session.verify import verify

MADE = {name: tiny(1) for name in ("a", "b", "c")}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "a secret of this test")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2023-01-31", "2023-01-31"),
        ("2023-01-31T10:11:12.5", "2023-01-31"),
        ("20230131", "2023-01-31"),
        ("2023-02-30", None),
        ("31.01.2023", None),
        ("202301311", None),
        ("2023-01-312", None),
        ("", None),
    ],
)
def test_what_is_a_date(text, iso):
    found = date_in(text)
    assert (found.isoformat() if found else None) == iso


def table(folder, *lines):
    file = folder / "list.csv"
    file.write_text("\n".join(("study,patient,date", *lines)))
    return file


def days(folder, *lines):
    return [case.day for case in make_cases(find_sources([table(folder, *lines)]))]


def test_a_table_gives_days_and_the_file_holds_no_date(tmp_path):
    as_brats(tmp_path, MADE)
    lines = ("a,DOE,2023-03-01", "b,DOE,2022-12-31", "c,ROE,")
    assert days(tmp_path, *lines) == [60, 0, None]
    assert days(tmp_path, "a,,2023-03-01", "b,DOE,", "c,DOE,2023-03-01") == [None, None, 0]
    cases = make_cases(find_sources([table(tmp_path, *lines)]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    assert [case.day for case in read_session(path).cases.values()] == [60, 0, None]
    assert verify(path).sound
    for said in (b"2023-03-01", b"2022-12-31", b"20230301"):
        assert said not in path.read_bytes()
    merged = merge([path])
    assert table_of(merged, names_of(merged)).splitlines()[0].split(",")[4] == "day"
    with pytest.raises(BadInput, match=r"list\.csv, line 3 has a date that is none.*'1\.2\.2023'"):
        find_sources([table(tmp_path, "a,DOE,2023-03-01", "b,DOE,1.2.2023")])


def test_bids_tables_and_labels_give_days(tmp_path):
    root = as_bids(tmp_path / "data", MADE)
    subjects = sorted(root.glob("sub-*"))
    studies = [s.name for s in find_sources([root])]
    assert [s.date for s in find_sources([root])] == ["", "", ""]
    subject, _, session = studies[0].partition("_")
    home = root / subject / session
    (root / subject / f"{subject}_sessions.tsv").write_text(
        f"session_id\tacq_time\n{session or 'ses-'}\t1889-04-02T00:00:00\n"
    )
    assert find_sources([root])[0].date == "1889-04-02T00:00:00"
    (home / f"{studies[0]}_scans.tsv").write_text(
        "filename\tacq_time\nanat/y.nii.gz\t1889-04-03T09:00:00\nanat/x.nii.gz\t1889-04-03T08:00:00"
    )
    assert find_sources([root])[0].date == "1889-04-03T08:00:00"
    assert len(subjects) == 3


def test_dicom_gives_days_and_no_session_its_date(tmp_path):
    write_study(tmp_path / "scans" / "DOE_JANE" / "1")
    (source,) = find_sources([tmp_path / "scans"])
    assert source.date == "20200131" and "20200131" not in repr(source)
    (case,) = make_cases([source])
    assert case.day == 0
    assert "2020" not in str({**asdict(case), "path": "", "content": ""})


def case(name, day=None, patient="p"):
    return Case(name, patient, f"content of {name}", f"/{name}", day=day)


def test_exams_stand_in_the_order_of_their_days_and_else_of_the_list():
    a, b, c, x = case("a", 100), case("b", 0), case("c", 40), case("x")
    assert in_order([a, b, c]) == [b, c, a]
    assert in_order([a, x, b]) == [b, x, a]
    assert in_order([x, a]) == [x, a]


def test_the_exam_before_is_the_last_one_of_the_patient_with_what_the_reader_has_of_it(tmp_path):
    cases = [case("late", 30), case("first", 0), case("other", 10, "q"), case("middle", 12)]
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([c.name for c in cases])})
    with open_session(path) as session:
        found = exam_before(session.state, "late")
        assert (found.case.name, found.item, found.mask, found.days) == ("middle", None, None, 18)
        one = start_empty(session, 4, GRID)
        found = exam_before(session.state, "late")
        assert (found.case.name, found.item, found.mask, found.days) == ("middle", 4, one.id, 18)
        assert exam_before(session.state, "middle").case.name == "first"
        assert exam_before(session.state, "first") is None
        assert exam_before(session.state, "other") is None
        assert found.called == "middle", "no case comes twice"


@pytest.mark.parametrize(("ai", "seen"), [("shown", True), ("hidden", False), ("after", False)])
def test_a_mask_that_came_with_the_exam_before_is_there_for_who_may_see_it(tmp_path, ai, seen):
    cases = [case("late", 30), replace(case("first", 0), mask="/first/seg.nii.gz")]
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan(["late", "first"], ai=ai)})
    with open_session(path) as session:
        found = exam_before(session.state, "late")
        assert found.mask is None
        assert found.given is found.has_mask is seen
        start_empty(session, 2, GRID)
        found = exam_before(session.state, "late")
        assert found.has_mask and not found.given, "the reader's own"


def test_of_an_exam_before_that_was_read_twice_the_reading_decided_last_counts(tmp_path):
    """The plan's last was taken, whatever had been said of it."""
    cases = [replace(case("first", 0), mask="/first/seg.nii.gz"), case("late", 30)]
    path = tmp_path / "s.review"
    names = [c.name for c in cases]
    create_sessions({"ann": path}, cases, {"ann": make_plan(names, repeats=1.0, seed=1)})
    with open_session(path) as session:
        one, two = [i.number for i in session.state.items.values() if i.case == "first"]
        masks = {number: start_empty(session, number, GRID).id for number in (one, two)}
        assert exam_before(session.state, "late").mask == masks[two], "nothing is decided"
        decide(session, one, "corrected")
        found = exam_before(session.state, "late")
        assert (found.item, found.mask, found.rejected) == (one, masks[one], False)
        decide(session, two, "rejected")
        found = exam_before(session.state, "late")
        assert found.rejected and not found.has_mask and not found.given
        decide(session, one, "accepted")
        assert exam_before(session.state, "late").mask == masks[one]


def test_a_session_of_version_1_opens_is_read_and_goes_on(tmp_path):
    (path,) = make(tmp_path)
    old = tmp_path / "old.review"
    with reading(path) as connection:
        rows = connection.execute("SELECT kind, data FROM event ORDER BY seq").fetchall()
    connection = connect_to_write(old, new=True)
    drafts = []
    for kind, text in rows:
        data = json.loads(text)
        data.pop("day", None)
        drafts.append(Draft(kind, data=data))
    Log(old, connection).append(*drafts)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert [each.day for each in read_session(old).cases.values()] == [None] * 3
    assert verify(old).sound
    with open_session(old) as session:
        start_empty(session, 1, GRID)
        assert version_of(session.log.connection) == 2
    assert verify(old).sound


def test_files_that_order_a_patients_exams_otherwise_are_not_read_together(tmp_path):
    cases = [case("a", 0), case("b", 9)]
    plan = make_plan(["a", "b"])
    files = {name: tmp_path / f"{name}.review" for name in ("ann", "bob", "eve")}
    create_sessions(
        {name: files[name] for name in ("ann", "bob")}, cases, dict.fromkeys(files, plan)
    )
    assert len(merge([files["ann"], files["bob"]]).reads) == 4
    turned = [replace(cases[0], day=9), replace(cases[1], day=0)]
    identity = create_sessions({"eve": files["eve"]}, turned, {"eve": plan})
    forged = connect_to_write(tmp_path / "forged.review", new=True)
    with reading(files["eve"]) as connection:
        rows = connection.execute("SELECT kind, data FROM event ORDER BY seq").fetchall()
    known = read_session(files["ann"]).id
    Log(tmp_path / "forged.review", forged).append(
        *(Draft(kind, data=json.loads(text.replace(identity, known))) for kind, text in rows)
    )
    forged.close()
    with pytest.raises(BadInput, match="another order"):
        merge([files["ann"], tmp_path / "forged.review"])


def test_two_exams_of_one_day_are_said_to_be_in_the_order_of_the_list():
    assert apart(0) == "on one day: the order is that of the list"
    assert apart(1) == "1 day apart"
