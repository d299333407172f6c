"""A series that cannot be read is said by the reader, beside the layers of the others."""

from __future__ import annotations

from imaging.dicom.study import phantom, write_sequences
from imaging.dicom.write import assert_names_nobody

from napari_acs.viewer.reader import read


def test_a_t2_that_misses_a_slice(tmp_path):
    files = write_sequences(tmp_path / "DOE", phantom())
    files["t2"][7].unlink()
    said = []
    layers = read(str(tmp_path / "DOE"), refused=said.append)
    assert len(layers) == 3
    (refusal,) = said
    assert "series 4 (t2_tse_tra) misses 1 slice" in refusal.sentence()
    assert_names_nobody(refusal.sentence())
