"""A cache's files are whole, also where two runs write one at a time, or a sentence names them."""

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.training.arrays import write_arrays
from napari_acs.training.begun import cached_states
from napari_acs.training.cases import load_case
from napari_acs.training.classification.boxes import load_boxes
from napari_acs.training.folds import cached_subjects


def test_two_that_write_one_file_do_not_meet(tmp_path, monkeypatch):
    file = tmp_path / "[case] 18.npz"
    save = np.savez_compressed

    def meanwhile(stream, **arrays):
        monkeypatch.setattr(np, "savez_compressed", save)
        write_arrays(file, a=np.full(1000, 2))  # another run, from its start to its end
        save(stream, **arrays)

    monkeypatch.setattr(np, "savez_compressed", meanwhile)
    write_arrays(file, a=np.full(1000, 1))
    assert np.load(file)["a"].tolist() == [1] * 1000
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "read",
    [
        lambda cache: load_case(cache / "a.npz", 2.0),
        load_boxes,
        cached_states,
        cached_subjects,
    ],
)
def test_a_damaged_file_is_named(tmp_path, read):
    file = tmp_path / "a.npz"
    write_arrays(file, images=np.arange(1000), patient="p", label=1, spacing_mm=2.0)
    whole = file.read_bytes()
    for damaged in (b"", b"PK", whole[:-30], b"x" * 500):
        file.write_bytes(damaged)
        with pytest.raises(BadInput, match=r"a\.npz cannot be read.*--data"):
            read(tmp_path)
