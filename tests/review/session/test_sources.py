"""Sessions from folders, BIDS, CSV and DICOM: every study once, nobody named."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest
from imaging.dicom.study import write_study
from imaging.dicom.write import assert_names_nobody
from training.tiny import ED, ET, NCR, as_bids, as_brats, tiny, values, write, write_case

from napari_acs.errors import BadInput
from napari_acs.imaging import read_study
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.review.session.audit import accept_in_bulk, confident_items
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.locate import study_paths
from napari_acs.review.session.masks import add_prediction, given_mask
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.worklist import rows

MADE = {"Brats18_TCIA02_370_1": tiny(1), "Brats18_TCIA02_606_1": tiny(2)}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "a secret of this test")


def session_of(folder, *places, **options):
    cases = make_cases(find_sources(places), **options)
    path = folder / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    return path


def as_csv(folder):
    as_brats(folder / "files", MADE)
    for name in MADE:
        shutil.move(folder / "files" / name / f"{name}_seg.nii.gz", folder / f"{name}.nii.gz")
    lines = [f"files/{name},{name}.nii.gz,DOE{n % 1}" for n, name in enumerate(MADE)]
    (folder / "list.csv").write_text("\n".join(["Study_Path,Mask_path,patient_id", *lines]))
    return folder / "list.csv"


def with_semicolons(table):
    table.write_text(table.read_text().replace(",", ";"))
    return table


WAYS = {
    "folder of studies": lambda root: (as_brats(root, MADE),),
    "studies": lambda root: sorted(as_brats(root, MADE).iterdir()),
    "csv": lambda root: (as_csv(root),),
    "csv with semicolons": lambda root: (with_semicolons(as_csv(root)),),
    "bids": lambda root: (as_bids(root, MADE),),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_voxels_and_the_same_tissues(way, tmp_path):
    (tmp_path / "data").mkdir()
    path = session_of(tmp_path, *WAYS[way](tmp_path / "data"))
    with open_session(path) as session:
        state = session.state
        assert len(state.items) == 2
        for item, made in zip(state.items.values(), MADE.values(), strict=True):
            case = state.cases[item.case]
            study = read_study(study_paths(state, case, path), case.name)
            for key, volume in study.sequences.items():
                np.testing.assert_array_equal(volume.array, made.images[key])
            mask = given_mask(session, item.number, study.grid)
            labels = mask_at(session.log.connection, mask)
            np.testing.assert_array_equal(labels, values(made.labels, {NCR: 1, ED: 2, ET: 3}))
            assert given_mask(session, item.number, study.grid) == mask  # once
            assert case.name.startswith("study-")
            assert "DOE" not in case.patient
        patients = [case.patient for case in state.cases.values()]
        assert (patients[0] == patients[1] != "") is way.startswith("csv")
        assert all(p.startswith("patient-") for p in patients) is (
            way not in ("folder of studies", "studies")
        )


def test_pseudonyms_are_those_of_the_content_and_of_the_secret(tmp_path, monkeypatch):
    as_brats(tmp_path / "one", MADE)
    shutil.copytree(tmp_path / "one", tmp_path / "moved" / "elsewhere")
    one, moved = (
        make_cases(find_sources([tmp_path / place])) for place in ("one", "moved/elsewhere")
    )
    assert [(c.name, c.content) for c in one] == [(c.name, c.content) for c in moved]
    assert len({case.name for case in one}) == 2
    monkeypatch.setenv(KEY_VARIABLE, "another lab")
    assert not {c.name for c in one} & {
        c.name for c in make_cases(find_sources([tmp_path / "one"]))
    }
    kept = make_cases(find_sources([tmp_path / "one"]), keep_names=True)
    assert [case.name for case in kept] == list(MADE)


def test_a_table_says_which_of_two_masks_beside_the_images_is_meant(tmp_path):
    """As the refusal of such a folder advises; each may be named in a line of its own."""
    name = next(iter(MADE))
    folder = as_brats(tmp_path / "data", MADE) / name
    one = next(folder.glob("*_seg.nii.gz"))
    two = folder / "bob_seg.nii.gz"
    shutil.copy(one, two)
    with pytest.raises(BadInput, match=r"holds several masks.*Name study and mask in a CSV"):
        find_sources([tmp_path / "data"])
    table = tmp_path / "t.csv"
    lines = [f"data/{name},data/{name}/{mask.name}" for mask in (two, one)]
    table.write_text("\n".join(["study,mask", *lines]))
    assert [source.mask for source in find_sources([table])] == [two, one]
    table.write_text(f"study,mask\ndata/{name},\n")
    with pytest.raises(BadInput, match="holds several masks"):
        find_sources([table])


def test_a_study_that_lies_deeper_than_the_others_is_not_left_out_in_silence(tmp_path):
    as_brats(tmp_path / "data", MADE)
    (tmp_path / "data" / "notes").mkdir()  # without an image: no study
    assert len(find_sources([tmp_path / "data"])) == len(MADE)
    deep = tmp_path / "data" / "patient" / "exam 1"
    shutil.copytree(tmp_path / "data" / next(iter(MADE)), deep)
    with pytest.raises(BadInput, match=r"patient is taken for no study: found .*exam 1/"):
        find_sources([tmp_path / "data"])


def test_a_session_that_moved_with_its_images_finds_them(tmp_path):
    as_brats(tmp_path / "here" / "data", MADE)
    path = session_of(tmp_path / "here", tmp_path / "here" / "data")
    (tmp_path / "here").rename(tmp_path / "there")
    path = tmp_path / "there" / path.name
    state = read_session(path)
    for case in state.cases.values():
        assert read_study(study_paths(state, case, path)).grid.size == (24, 22, 20)
    shutil.rmtree(tmp_path / "there" / "data")
    with pytest.raises(BadInput, match="are not there"):
        study_paths(state, case, path)


def test_dicom_studies_of_a_tree_are_told_apart_and_named_by_nobody(tmp_path):
    write_study(tmp_path / "scans" / "DOE_JANE" / "20200101")
    again = tmp_path / "DOE.zip"
    with zipfile.ZipFile(again, "w") as archive:
        for file in sorted((tmp_path / "scans").rglob("*.dcm")):
            archive.write(file, file.relative_to(tmp_path / "scans"))
    path = session_of(tmp_path, tmp_path / "scans", again)
    state = read_session(path)
    assert len(state.cases) == 2
    first = next(iter(state.cases.values()))
    assert first.name.startswith("study-")
    assert first.patient.startswith("patient-")
    assert_names_nobody(" ".join((*state.cases, *(case.patient for case in state.cases.values()))))
    study = read_study(study_paths(state, first, path))
    assert study.name == first.name  # as it is called wherever it is opened
    assert list(study.sequences) == ["t1", "t1ce", "t2", "flair"]
    assert_names_nobody(repr(state))


def test_two_dicom_studies_in_one_folder_are_refused(tmp_path):
    import pydicom  # noqa: PLC0415

    write_study(tmp_path / "scans")
    study, series = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    for number, file in enumerate(sorted((tmp_path / "scans").rglob("*.dcm"))[:8]):
        other = pydicom.dcmread(file)
        other.StudyInstanceUID, other.SeriesInstanceUID = study, series
        other.SOPInstanceUID = pydicom.uid.generate_uid()
        other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
        other.save_as(file.with_name(f"other-{number}.dcm"))
    with pytest.raises(BadInput, match="Several DICOM studies lie in one folder"):
        find_sources([tmp_path / "scans"])


def test_what_is_no_study_is_refused_in_a_sentence(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    twice = write_case(tmp_path / "twice", 1)
    shutil.copy(twice / "twice_seg.nii.gz", twice / "twice_mask.nii.gz")
    tables = {
        "columns": "case,mask\nx,y\n", "gone": "study\nnowhere\n", "blank": "study,mask\n,x\n"
    }  # fmt: skip
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "notes.txt").write_text("x")
    for place, said in (
        (empty, "holds no studies"),
        (twice, "several masks"),
        (tmp_path / "columns.csv", "no table of studies"),
        (tmp_path / "gone.csv", "line 2 names a file that is not there"),
        (tmp_path / "blank.csv", "line 2 names no study"),
        (tmp_path / "notes.txt", "no study"),
        (tmp_path / "nowhere", "no such file or folder"),
    ):
        with pytest.raises(BadInput, match=said):
            find_sources([place])
    with pytest.raises(BadInput, match="no study to review"):
        find_sources([])
    good = find_sources([write_case(tmp_path / "good", 1)])
    with pytest.raises(Cancelled):
        make_cases(good, cancelled=lambda: True)


def test_a_study_is_in_a_session_once_whichever_way_it_is_named(tmp_path):
    root = as_brats(tmp_path / "all", MADE)
    name = next(iter(MADE))
    study = root / name
    mask = study / f"{name}_seg.nii.gz"
    table = tmp_path / "list.csv"
    table.write_text(f"study,mask\nall/{name},\nall/{name},all/{name}/{mask.name}\n")
    for places in ([study, root], [study, root / ".." / "all" / name], [table]):
        with pytest.raises(BadInput, match=f"{name} is named twice.*--repeats"):
            find_sources(places)
    other = tmp_path / "other_seg.nii.gz"
    shutil.copy(mask, other)
    table.write_text(f"study,mask\nall/{name},\nall/{name},{other.name}\n")
    assert [source.mask for source in find_sources([table])] == [mask, other]


@pytest.mark.parametrize("head", ["Study_path,Study_ID", "study,study_id"])
def test_a_tables_number_of_a_study_is_not_taken_for_its_path(tmp_path, head):
    root = as_brats(tmp_path / "all", MADE)
    (tmp_path / "list.csv").write_text(f"{head}\nall/{next(iter(MADE))},17\n")
    (source,) = find_sources([tmp_path / "list.csv"])
    assert source.path == root / next(iter(MADE))


def test_a_table_says_how_unsure_a_model_was_of_its_masks(tmp_path):
    table = as_csv(tmp_path)
    head, *lines = table.read_text().splitlines()
    said = ('"0,25"', "")  # as spreadsheets write it where a decimal has a comma
    rows_ = [f"{line},{number}" for line, number in zip(lines, said, strict=True)]
    table.write_text("\n".join([f"{head},Uncertainty", *rows_]))
    path = session_of(tmp_path, table)
    state = read_session(path)
    assert [row.uncertainty for row in rows(state, {})] == [0.25, None]
    assert confident_items(state, 0.25) == [1]
    assert confident_items(state, 0.24) == []
    cases = list(state.cases.values())
    hidden = tmp_path / "hidden.review"
    plan = make_plan([case.name for case in cases], ai="hidden")
    create_sessions({"bob": hidden}, cases, {"bob": plan})
    assert [row.uncertainty for row in rows(read_session(hidden), {})] == [None, None]
    with open_session(path) as session:
        accept_in_bulk(session, [1], "sure")
        grid = read_study(cases[1].path).grid
        for unsure in (0.5, None):  # a prediction in the session says it for itself
            labels = np.zeros(grid.shape, np.uint8)
            add_prediction(session, 2, labels, grid, title="m", uncertainty=unsure)
            assert rows(session.state, {})[1].uncertainty == unsure
    for wrong in ("-1", "inf", "nan", "high"):
        table.write_text("\n".join([f"{head},uncertainty", f"{lines[0]},{wrong}"]))
        with pytest.raises(BadInput, match=f"line 2 has no uncertainty.*{wrong}"):
            find_sources([table])


def test_labels_of_other_things_are_kept_as_they_are(tmp_path):
    root = as_bids(tmp_path / "data", MADE)
    for table in root.rglob("*dseg.tsv"):
        table.write_text("index\tname\n1\tmetastasis\n2\tbleeding\n3\tcyst\n")
    path = session_of(tmp_path, root)
    with open_session(path) as session:
        case = session.state.cases[session.item(1).case]
        assert case.labels is None
        study = read_study(study_paths(session.state, case, path))
        mask = given_mask(session, 1, study.grid)
        labels = mask_at(session.log.connection, mask)
        made = next(iter(MADE.values())).labels
        np.testing.assert_array_equal(labels, values(made, {ED: 1, NCR: 2, ET: 3}))
        assert "kept as they are" in " ".join(mask.provenance["notes"])


@pytest.mark.parametrize(("name", "enhancing"), [("x_seg", True), ("BraTS-GLI-1-100-seg", False)])
def test_what_4_means_is_told_by_the_files_name(tmp_path, name, enhancing):
    made = tiny(1)
    folder = tmp_path / "case"
    write(folder / "case_t1.nii.gz", made.images["t1"])
    write(folder / f"{name}.nii.gz", values(made.labels, {NCR: 1, ED: 2, ET: 4}))
    path = session_of(tmp_path, folder)
    with open_session(path) as session:
        mask = given_mask(session, 1, read_study(folder).grid)
        found = np.unique(mask_at(session.log.connection, mask)).tolist()
    assert found == [0, 1, 2, 3 if enhancing else 4]
