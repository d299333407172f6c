"""What a path holds: DICOM series with guesses and reasons, one study at a time, no names."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest
from imaging.dicom.study import SECOND, phantom, write_sequences, write_study
from imaging.dicom.write import NAME, assert_names_nobody, write_series

from napari_acs.errors import BadInput
from napari_acs.imaging import dicom_contents
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.contents import opened
from napari_acs.imaging.dicom import find
from napari_acs.imaging.dicom_contents import mask_file, only_series
from napari_acs.imaging.proposing import nothing_proposed
from napari_acs.imaging.pseudonym import study_key


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans") / "DOE_JANE"
    return folder, write_study(folder)


def contents_of(path):
    with opened(path) as contents:
        return contents


def test_the_study_is_proposed_with_reasons_and_all_else_says_why_not(scanned):
    folder, volumes = scanned
    with opened(folder) as contents:
        found = contents.proposal
        assert list(found) == ["t1", "t1ce", "t2", "flair"]
        for key, candidate in found.items():
            assert candidate.guess.sequence == key
            assert candidate.guess.confidence >= 0.9
            assert candidate.guess.reason
            assert candidate.detail == "43 slices, 4 x 4 x 4 mm"
            np.testing.assert_array_equal(candidate.read().array, volumes[key].array)
        others = [c for c in contents.candidates if c not in found.values()]
    why = {candidate.title: candidate.why_not for candidate in others}
    assert "localizer" in why["1: localizer"]
    assert "ADC" in why["9: ep2d_diff"]
    assert "same images" in why["2: t1_se_tra"]
    assert len(others) == 3


def test_it_is_called_by_a_pseudonym_and_names_nobody(scanned):
    contents = contents_of(scanned[0])
    assert contents.dicom
    assert contents.studies == {contents.name: 4}
    assert contents.name.startswith("study-")
    for text in (repr(contents), *(c.title for c in contents.candidates)):
        assert_names_nobody(text)
    for candidate in contents.candidates:
        assert_names_nobody(f"{candidate!r} {candidate.why_not} {candidate.guess}")
        assert candidate.date == "20200131"


def test_a_description_with_the_patients_name_is_scrubbed(tmp_path):
    write_series(tmp_path, phantom()["t2"], description=f"t2 of {NAME}", number=4)
    contents = contents_of(tmp_path)
    assert_names_nobody(repr(contents) + contents.candidates[0].title)
    assert list(contents.proposal) == ["t2"]


def test_images_are_looked_at_only_where_headers_are_silent(tmp_path, monkeypatch):
    read, original = [], dicom_contents.read_series
    noted = lambda series: read.append(series.title) or original(series)  # noqa: E731
    monkeypatch.setattr(dicom_contents, "read_series", noted)
    volumes = phantom(2)
    write_sequences(tmp_path / "told", volumes)
    assert len(contents_of(tmp_path / "told").proposal) == 4
    assert read == []
    write_sequences(tmp_path / "silent", volumes, silent=True)
    contents = contents_of(tmp_path / "silent")
    assert len(read) == 4
    for key, candidate in contents.proposal.items():
        assert candidate.guess.evidence == "statistics"
        assert candidate.title == f"{_number(key)}: series {_number(key)}"
    assert len(contents.proposal) >= 2


def test_where_two_series_are_alike_the_reason_names_the_other(tmp_path):
    volumes = phantom()
    write_sequences(tmp_path, volumes)
    write_series(
        tmp_path / "7", volumes["t2"].array[:, ::-1], volumes["t2"].grid,
        description="t2_tse_tra", number=7, EchoTime=100, RepetitionTime=5000,
    )  # fmt: skip
    contents = contents_of(tmp_path)
    second = next(c for c in contents.candidates if c.title.startswith("7"))
    assert second.guess.sequence is None
    assert "4: t2_tse_tra" in second.guess.reason
    assert contents.proposal["t2"].title == "4: t2_tse_tra"


def test_of_several_studies_all_are_listed_and_one_is_proposed(tmp_path):
    volumes = phantom()
    write_sequences(tmp_path / "a", {key: volumes[key] for key in ("t1", "t2")})
    write_sequences(
        tmp_path / "b", {key: volumes[key] for key in ("t1", "t1ce", "flair")}, study_uid=SECOND
    )
    contents = contents_of(tmp_path)
    assert len(contents.candidates) == 5
    assert sorted(contents.studies.values()) == [2, 3]
    assert {c.study for c in contents.proposal.values()} == {study_key(SECOND)}
    assert list(contents.proposal) == ["t1", "t1ce", "flair"]
    assert contents.name == study_key(SECOND)


def test_zip_file_and_folder_give_the_same(scanned, tmp_path):
    folder, volumes = scanned
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in sorted(folder.rglob("*.dcm")):
            zipped.write(file, f"DOE^JANE/{file.relative_to(folder)}")
    with opened(archive) as contents:
        assert list(contents.proposal) == ["t1", "t1ce", "t2", "flair"]
        read = contents.proposal["flair"].read()
        np.testing.assert_array_equal(read.array, volumes["flair"].array)
        place = read.source
        assert_names_nobody(str(place))
    assert not place.exists()
    with opened(folder / "4" / "IM00003.dcm") as contents:
        assert list(contents.proposal) == ["t2"]


def test_nothing_proposed_is_a_sentence_with_what_there_is(tmp_path):
    volume = phantom()["t1"]
    write_series(tmp_path, volume, description="ADC of DOE", number=3)
    contents = contents_of(tmp_path)
    assert contents.proposal == {}
    said = nothing_proposed(contents.name, contents.candidates).sentence()
    assert contents.name in said
    assert "3: ADC" in said
    assert "Say which image is which" in said
    assert_names_nobody(said)


def test_no_image_is_a_sentence(tmp_path, scanned):
    (tmp_path / "x").mkdir()
    file = next((scanned[0] / "2").iterdir())
    (tmp_path / "x" / "cut.dcm").write_bytes(file.read_bytes()[:200])
    with pytest.raises(BadInput, match="No DICOM image was found"):
        contents_of(tmp_path / "x")


def test_cancel_stops_the_search_and_the_unpacking(scanned, tmp_path):
    with pytest.raises(Cancelled), opened(scanned[0], cancelled=lambda: True):
        pass
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in (scanned[0] / "2").iterdir():
            zipped.write(file, file.name)
    with pytest.raises(Cancelled), opened(archive, cancelled=lambda: True):
        pass


def test_cancel_stops_the_look_at_the_images(tmp_path, monkeypatch):
    write_sequences(tmp_path, phantom(), silent=True)
    looked = []
    original = find.read_header
    monkeypatch.setattr(find, "read_header", lambda f: looked.append(f) or original(f))
    total = len(list(tmp_path.rglob("*.dcm")))
    with pytest.raises(Cancelled), opened(tmp_path, cancelled=lambda: len(looked) == total):
        pass


def test_the_only_series_of_a_folder_or_of_a_file(scanned):
    folder, volumes = scanned
    one = only_series(folder / "5")
    assert one.study == contents_of(folder).name
    np.testing.assert_array_equal(one.read().array, volumes["flair"].array)
    with pytest.raises(BadInput, match="which DICOM series is meant") as refusal:
        only_series(folder)
    assert_names_nobody(str(refusal.value))


def test_a_file_among_several_series_means_its_own(scanned, tmp_path):
    for number in ("2", "4"):
        for file in (scanned[0] / number).iterdir():
            shutil.copy(file, tmp_path / f"{number}_{file.name}")
    read = only_series(tmp_path / "4_IM00000.dcm").read()
    np.testing.assert_array_equal(read.array, scanned[1]["t2"].array)


def test_an_image_is_no_mask(scanned):
    assert mask_file(next((scanned[0] / "2").iterdir())) is None
    assert mask_file(scanned[0] / "absent.dcm") is None


def _number(key):
    return {"t1": 2, "t1ce": 3, "t2": 4, "flair": 5}[key]
