"""The panel's way from a folder, a .zip or a drop to layers, with a real dock and viewer."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import numpy as np
import SimpleITK as sitk
from imaging.dicom.study import SECOND, phantom, write_sequences
from imaging.dicom.write import assert_names_nobody, write_series
from napari.layers import Image, Labels
from qtpy.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication, QDialog, QDialogButtonBox, QTableWidget
from widgets.opened import MS, images, open_them, refusal_of

from napari_acs.imaging import from_lps
from napari_acs.viewer.info import info_in


def test_a_real_table_is_answered_with_a_click_and_the_proposal_opens(scanned, dock, viewer, qtbot):
    rows = []

    def click():
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            rows.append(dialog.findChild(QTableWidget, "series").rowCount())
            open_ = QDialogButtonBox.StandardButton.Open
            button = dialog.findChild(QDialogButtonBox).button(open_)
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    timer = QTimer()
    timer.timeout.connect(click)
    timer.start(100)
    open_them(qtbot, dock, scanned[0])
    timer.stop()
    assert rows == [7]
    found = images(viewer)
    assert list(found) == ["t1", "t1ce", "t2", "flair"]
    for key, info in found.items():
        layer = next(l for l in viewer.layers if info_in(l.metadata) is info)  # noqa: E741
        np.testing.assert_array_equal(from_lps(layer.data, info.grid), scanned[1][key].array)
        assert info.guess.evidence == "tags"
        assert_names_nobody(f"{layer.name} {info!r}")


def test_what_was_chosen_wins(scanned, dock, viewer, qtbot, choosing):
    choosing({"2: t1_se_tra": "T2", "4: t2_tse_tra": "not used", "9: ep2d_diff": "FLAIR",
              "5: t2_tirm_tra_dark-fluid": "not used"})  # fmt: skip
    open_them(qtbot, dock, scanned[0])
    found = images(viewer)
    assert sorted(found) == ["flair", "t1ce", "t2"]
    assert (found["t2"].guess.evidence, found["t2"].guess.confidence) == ("user", 1.0)
    assert found["t1ce"].guess.evidence == "tags"
    assert found["t2"].dicom.tags.description == "t1_se_tra"


def test_cancel_opens_nothing(scanned, dock, viewer, qtbot, choosing):
    asked = choosing(accept=False)
    dock.opener.open([str(scanned[0])])
    qtbot.waitUntil(lambda: bool(asked), timeout=MS)
    qtbot.wait(200)
    assert len(viewer.layers) == 0
    assert dock.said == ""


def test_a_series_that_cannot_be_read_is_refused_with_its_sentence(
    dock, viewer, qtbot, choosing, tmp_path
):
    write_series(
        tmp_path / "DOE", phantom()["t1"], description="t1_se", number=3,
        edit=lambda d, z: delattr(d, "ImagePositionPatient"),
    )  # fmt: skip
    choosing({"3: t1_se": "T1"})
    said = refusal_of(qtbot, dock, tmp_path)
    assert "DICOM series 3 (t1_se)" in said
    assert "ImagePositionPatient" in said
    assert_names_nobody(said)
    assert len(viewer.layers) == 0


def test_of_two_studies_all_series_are_listed_and_one_study_opens(
    dock, viewer, qtbot, choosing, tmp_path
):
    volumes = phantom()
    write_sequences(tmp_path / "a", {"t1": volumes["t1"]})
    write_sequences(tmp_path / "b", {k: volumes[k] for k in ("t1", "t2")}, study_uid=SECOND)
    asked = choosing()
    open_them(qtbot, dock, tmp_path)
    assert len(asked[0].candidates) == 3
    assert list(images(viewer)) == ["t1", "t2"]
    assert {info.study for info in images(viewer).values()} == {asked[0].name}


def test_a_mixture_dropped_on_the_panel_opens_whole_and_says_so_once(
    scanned, nifti, dock, viewer, qtbot, choosing
):
    choosing()
    opened = []
    dock.opener.opened.connect(lambda: opened.append(len(viewer.layers)))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in (scanned[0], nifti)])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dock.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys))
    qtbot.waitUntil(lambda: bool(opened), timeout=MS)
    qtbot.wait(200)
    assert opened == [7]
    kinds = [type(layer) for layer in viewer.layers]
    assert (kinds.count(Image), kinds.count(Labels)) == (6, 1)
    names = {layer.name.split()[-1] for layer in viewer.layers}
    assert len(names) == 2
    assert "patient_7" in names


def test_the_files_of_one_series_ask_once(scanned, dock, viewer, qtbot, choosing):
    asked = choosing()
    open_them(qtbot, dock, *sorted((scanned[0] / "4").iterdir()))
    assert len(asked) == 1
    assert list(images(viewer)) == ["t2"]


def test_a_zip_opens_from_the_panel_and_a_bad_one_is_a_sentence(
    scanned, dock, viewer, qtbot, choosing, tmp_path
):
    choosing()
    archive = tmp_path / "DOE_JANE.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in (scanned[0] / "5").iterdir():
            zipped.write(file, f"DOE/{file.name}")
    open_them(qtbot, dock, archive)
    (info,) = images(viewer).values()
    assert info.sequence == "flair"
    assert all(file.is_file() for file in info.dicom.files)
    archive.write_bytes(b"PK no archive")
    assert "cannot be opened" in refusal_of(qtbot, dock, archive)
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("t1.nii.gz", b"no DICOM")
    assert "holds no DICOM file" in refusal_of(qtbot, dock, archive)
    assert len(viewer.layers) == 1


def test_two_drops_one_after_the_other_both_open(scanned, nifti, dock, viewer, qtbot, choosing):
    choosing()
    dock.opener.open([str(scanned[0] / "2")])
    dock.opener.open([str(nifti)])
    qtbot.waitUntil(lambda: len(viewer.layers) == 4, timeout=MS)


def test_what_was_unpacked_goes_when_napari_ends(scanned, tmp_path):
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in (scanned[0] / "5").iterdir():
            zipped.write(file, file.name)
    code = (
        "import sys; from napari_acs.widgets.opening import _Drop, _look\n"
        "drop = _look(([sys.argv[1]], _Drop(())))\n"
        "assert drop.studies[0].proposal['flair'].read().array.any()\n"
        "import tempfile, os; assert os.listdir(tempfile.gettempdir())"
    )
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    subprocess.run(
        [sys.executable, "-c", code, str(archive)],
        check=True,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": ":".join(sys.path)},
    )
    assert list(temporary.iterdir()) == []


def test_a_second_patient_in_a_folder_of_the_same_name_is_not_completed_from_the_first(
    dock, qtbot, tmp_path
):
    for patient, names in (("p1", ("t1", "t1ce", "flair")), ("p2", ("t1", "flair"))):
        (tmp_path / patient / "baseline").mkdir(parents=True)
        for name in names:
            image = sitk.GetImageFromArray(np.ones((6, 7, 8), np.int16))
            sitk.WriteImage(image, str(tmp_path / patient / "baseline" / f"{name}.nii.gz"))
    open_them(qtbot, dock, tmp_path / "p1" / "baseline")
    open_them(qtbot, dock, tmp_path / "p2" / "baseline")
    chosen = {k: v and v.name for k, v in dock.panel.sequences.selected().items()}
    assert chosen == {
        "t1": "T1 p2/baseline",
        "t1ce": None,
        "t2": None,
        "flair": "FLAIR p2/baseline",
    }


def test_what_nobody_foresaw_is_a_sentence_and_the_next_study_opens(
    nifti, dock, viewer, qtbot, monkeypatch
):
    """The panel heard nothing of it; a layer that failed stopped all that was opened after it."""

    def fails(error):
        def failing(*_, **__):
            raise error

        return failing

    for what, error, said in (
        ("read", MemoryError(), "not enough memory"),
        ("read", ZeroDivisionError("boom"), "ZeroDivisionError: boom"),
        ("make_layer", MemoryError(), "not enough memory"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"napari_acs.widgets.opening.{what}", fails(error))
            assert said in refusal_of(qtbot, dock, nifti)
        assert len(viewer.layers) == 0
    open_them(qtbot, dock, nifti)
    assert len(viewer.layers) == 3
