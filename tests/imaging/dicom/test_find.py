"""What is found in folders, beside files and in archives, and what it is taken for."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from imaging.dicom.write import NAME, base, save, write_enhanced, write_series
from imaging.geometries import make_grid, noise
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.dicom import find_series, read_series, scan

GRID = make_grid(spacing=(0.9, 0.8, 5.5), tilt=(0.1, 0.2, 0.0))
SEG, RTSTRUCT, SR, PR = (
    f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("66.4", "481.3", "88.11", "11.1")
)


def test_importing_the_room_loads_neither_pydicom_nor_simpleitk():
    code = "import sys, napari_acs.imaging.dicom, napari_acs.imaging.pseudonym\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pydicom", "SimpleITK"} & set(done.stdout.split())


def test_series_of_a_study_in_subfolders(tmp_path):
    write_series(tmp_path / "patient" / "b", noise(), GRID, description="FLAIR", number=7)
    write_series(tmp_path / "patient" / "a", noise(seed=1), GRID, description="T1", number=12)
    (tmp_path / "notes.txt").write_text("not a DICOM file")
    (tmp_path / "empty").write_bytes(b"")
    first, second = find_series(tmp_path)
    assert (first.description, second.description) == ("FLAIR", "T1")
    assert (first.kind, first.why, first.problem, first.slices) == ("image", "", "", 4)
    assert first.size == (6, 5, 4)
    assert first.spacing == pytest.approx((0.9, 0.8, 5.5))
    assert first.date == "20200131"
    assert first.tags.echo_time_ms == 12
    assert first.tags.contrast_agent is None
    assert first.tags.series_number == 7
    assert first.title == "DICOM series 7 (FLAIR)"


def test_one_file_gives_its_study_and_its_series_first(tmp_path):
    write_series(tmp_path, noise(), GRID, description="FLAIR", number=1, suffix=".a")
    chosen = write_series(tmp_path, noise(seed=1), GRID, description="T1", number=2, suffix=".b")
    write_series(tmp_path, noise(), GRID, study_uid=generate_uid(), suffix=".c")
    assert [series.description for series in find_series(chosen[2])] == ["T1", "FLAIR"]


def test_without_preamble(tmp_path):
    for file in write_series(tmp_path, noise(), GRID, syntax="1.2.840.10008.1.2"):
        dataset = pydicom.dcmread(file)
        bare = pydicom.Dataset(dataset)
        bare.save_as(file.with_suffix(""), implicit_vr=True, little_endian=True)
        file.unlink()
    assert (tmp_path / "IM00000").read_bytes()[128:132] != b"DICM"
    (series,) = find_series(tmp_path)
    np.testing.assert_array_equal(read_series(series).array, noise())


def test_what_is_no_image_is_no_series(tmp_path):
    write_series(tmp_path, noise(), GRID)
    referenced = pydicom.Dataset()
    referenced.SeriesInstanceUID = "1.2.3"
    for index, sop_class in enumerate((SEG, RTSTRUCT, SR, PR)):
        dataset = base(sop_class, generate_uid(), "drawn by DOE", 9)
        dataset.Rows = dataset.Columns = 4
        dataset.ReferencedSeriesSequence = [referenced]
        save(dataset, tmp_path / f"other{index}")
    shutil.copy(get_testdata_file("DICOMDIR"), tmp_path)
    found = scan(tmp_path)
    assert len(found.series) == 1
    assert found.others == 2
    assert [(s.kind, s.references) for s in found.segmentations] == [
        ("SEG", ("1.2.3",)),
        ("RTSTRUCT", ("1.2.3",)),
    ]
    assert {s.tags.description for s in found.segmentations} == {"drawn by"}


def test_rtstruct_of_pydicom_names_its_series(tmp_path):
    shutil.copy(get_testdata_file("rtstruct.dcm"), tmp_path)
    with pytest.raises(BadInput, match="no DICOM image was found: found 1 segmentation"):
        find_series(tmp_path)
    assert scan(tmp_path).segmentations[0].references


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"description": "3-plane loc"}, "localizer"),
        ({"description": "AAHead_Scout"}, "localizer"),
        ({"description": "T1 collocated"}, "image"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "derived"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "derived"),
        ({"ImageType": ["ORIGINAL", "SECONDARY"]}, "derived"),
        ({"ImageType": ["DERIVED", "PRIMARY", "OTHER", "PROPELLER"]}, "image"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, "other"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "PROJECTION IMAGE"]}, "derived"),
        ({"description": "ep2d_diff_ADC"}, "derived"),
        ({"description": "T1 subtraction"}, "derived"),
        ({"description": "t1_mpr_sag"}, "image"),
        ({"Modality": "CT"}, "other"),
        ({"ImageType": None}, "image"),
    ],
    ids=str,
)
def test_kinds(tmp_path, options, kind):
    write_series(tmp_path, noise(), GRID, **options)
    (series,) = find_series(tmp_path)
    assert series.kind == kind
    assert bool(series.why) == (kind != "image")


def test_three_planes_are_a_localizer(tmp_path):
    uid = generate_uid()
    for index in range(3):
        grid = make_grid(np.roll(np.eye(3), index, axis=0))
        write_series(tmp_path / str(index), noise(), grid, series_uid=uid, description="plan")
    (series,) = find_series(tmp_path)
    assert series.kind == "localizer"
    assert "3 orientations" in series.why
    assert "mixes slices of several orientations" in series.problem
    with pytest.raises(BadInput, match="several orientations"):
        read_series(series)


def test_same_files_in_two_folders_are_a_duplicate(tmp_path):
    write_series(tmp_path / "a", noise(), GRID)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    first, second = find_series(tmp_path)
    assert (first.kind, second.kind) == ("image", "duplicate")
    assert first.slices == second.slices == 4
    assert not first.problem
    assert not second.problem


def test_same_images_under_another_uid_are_a_duplicate(tmp_path):
    write_series(tmp_path / "a", noise(), GRID, number=3)
    write_series(tmp_path / "b", noise(), GRID, number=4, description="again")
    write_series(tmp_path / "c", noise(seed=1), GRID, number=5)
    kinds = [(series.kind, series.why) for series in find_series(tmp_path)]
    assert [kind for kind, _ in kinds] == ["image", "duplicate", "image"]
    assert "DICOM series 3 (T1 AX)" in kinds[1][1]


def test_one_sop_uid_for_all_slices_hides_none(tmp_path):
    def same_uid(dataset, z):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"

    write_series(tmp_path, noise(), GRID, edit=same_uid)
    (series,) = find_series(tmp_path)
    assert series.slices == 4


@pytest.mark.parametrize(
    ("keyword", "values", "parts"),
    [
        ("EchoTime", ["10.5", "90"], ["echo time 10.5 ms", "echo time 90 ms"]),
        ("TemporalPositionIdentifier", [1, 2], ["time point 1", "time point 2"]),
        ("AcquisitionNumber", [4, 5], ["acquisition 4", "acquisition 5"]),
        ("DiffusionBValue", [0.0, 1000.0], ["b value 0", "b value 1000"]),
        (
            "ImageType",
            [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]],
            ["image type M", "image type P"],
        ),
    ],
)
def test_volumes_of_one_series_are_told_apart(tmp_path, keyword, values, parts):
    uid = generate_uid()
    for index, value in enumerate(values):
        write_series(
            tmp_path, noise(seed=index), GRID, series_uid=uid, suffix=f".{index}",
            first_instance=index * 4 + 1,
            edit=lambda dataset, z, value=value: setattr(dataset, keyword, value),
        )  # fmt: skip
    found = find_series(tmp_path)
    assert [series.part for series in found] == [
        part.removeprefix("image type ") if keyword == "ImageType" else part for part in parts
    ]
    for index, series in enumerate(found):
        assert parts[index].split()[-1] in series.title
        np.testing.assert_array_equal(read_series(series).array, noise(seed=index))
    if keyword == "EchoTime":
        assert [series.tags.echo_time_ms for series in found] == [10.5, 90]


def test_echoes_of_an_enhanced_file_are_told_apart(tmp_path):
    write_enhanced(tmp_path / "x", noise(), GRID, echoes=(10.0, 80.0))
    first, second = find_series(tmp_path)
    assert second.part == "echo time 80 ms"
    assert second.tags.echo_time_ms == 80
    assert second.tags.repetition_time_ms == 500
    np.testing.assert_array_equal(read_series(first).array, noise())
    np.testing.assert_array_equal(read_series(second).array, noise() + 1)


def test_progress_and_cancel(tmp_path):
    write_series(tmp_path, noise(), GRID)
    seen = []
    (series,) = find_series(tmp_path, progress=lambda *step: seen.append(step))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    seen.clear()
    read_series(series, progress=lambda *step: seen.append(step))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with pytest.raises(Cancelled):
        find_series(tmp_path, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        read_series(series, cancelled=lambda: True)


def test_missing_path_and_text_file(tmp_path):
    with pytest.raises(BadInput, match="not there"):
        find_series(tmp_path / NAME)
    (tmp_path / "DOE").write_text("a text that is no image" * 20)
    with pytest.raises(BadInput, match="no DICOM image") as refused:
        find_series(tmp_path / "DOE")
    assert "DOE" not in str(refused.value)
    with pytest.raises(BadInput, match="no DICOM image was found"):
        find_series(tmp_path)


def test_coded_contrast_agent_of_an_enhanced_file(tmp_path):
    agent = pydicom.Dataset()
    agent.CodeMeaning = "Gadolinium for DOE"
    write_enhanced(tmp_path / "x", noise(), GRID, ContrastBolusAgentSequence=[agent])
    (series,) = find_series(tmp_path)
    assert series.tags.contrast_agent == "Gadolinium for"


@pytest.mark.filterwarnings("ignore")
def test_uid_that_is_none_still_groups_and_is_not_shown(tmp_path):
    write_series(tmp_path / "a", noise(), GRID, SeriesInstanceUID="DOE^JANE 1")
    write_series(tmp_path / "b", noise(seed=1), GRID, SeriesInstanceUID="DOE^JANE 2")
    found = find_series(tmp_path)
    assert [series.slices for series in found] == [4, 4]
    assert all(series.uid.startswith("2.25.") for series in found)


def test_description_over_several_values_and_other_character_sets(tmp_path):
    write_series(
        tmp_path, noise(), GRID, description="T1 tête Doé", SpecificCharacterSet="ISO_IR 192"
    )
    (series,) = find_series(tmp_path)
    assert series.description == "T1 tête"


def test_b_value_in_private_tags_of_ge(tmp_path):
    uid = generate_uid()
    for index, b in enumerate((0, 800)):
        private = {(0x0043, "GEMS_PARM_01", 0x39): ("IS", [1_000_000_000 + b, 8, 0, 0])}
        write_series(
            tmp_path, noise(seed=index), GRID, series_uid=uid, suffix=f".{index}",
            first_instance=index * 4 + 1, private=private,
        )  # fmt: skip
    assert [series.part for series in find_series(tmp_path)] == ["b value 0", "b value 800"]
