"""The tissue maps in a cache: whole, or made again."""

import os
import subprocess
import sys

import pytest

from napari_acs.errors import BadInput
from napari_acs.training.phantom import is_atlas, load_atlas
from napari_acs.training.preparing import prepare_tissues

KILLED = """
import os, sys, zipfile
from pathlib import Path
from napari_acs.training.preparing import prepare_tissues
opened, count = zipfile.ZipFile.open, iter(range(9))
def once_too_often(self, name, mode="r", **more):
    if mode == "w" and next(count) == 2:
        self.fp.flush()
        os.kill(os.getpid(), 9)
    return opened(self, name, mode, **more)
zipfile.ZipFile.open = once_too_often
prepare_tissues(Path(sys.argv[1]), 4.0)
"""


def test_killed_while_it_writes_them_a_run_goes_on(tmp_path):
    file = tmp_path / "atlas" / "atlas.npz"
    done = subprocess.run([sys.executable, "-c", KILLED, file], check=False, timeout=120)
    assert done.returncode == -9
    assert not file.exists()
    (left,) = file.parent.iterdir()
    os.utime(left, (0, 0))
    prepare_tissues(file, 4.0)
    assert load_atlas(file).spacing_mm == 4.0
    assert list(file.parent.iterdir()) == [file]
    # A file that an older version left half written, too.
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b""):
        file.write_bytes(damaged)
        assert not is_atlas(file)
        with pytest.raises(BadInput, match=r"atlas\.npz cannot be read"):
            load_atlas(file)
    prepare_tissues(file, 4.0)
    assert file.read_bytes() == whole
