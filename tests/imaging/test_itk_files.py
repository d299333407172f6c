"""Several threads that read and write files: they take turns, and the process lives."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
import SimpleITK as sitk

from napari_acs.imaging import Grid, read_labels, write_labels
from napari_acs.imaging.read import read_grid

GRID = Grid((4, 5, 3), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@pytest.mark.parametrize("read", [read_grid, read_labels])
def test_no_reader_is_asked_while_another_is(read, tmp_path, monkeypatch):
    file = tmp_path / "a.nii.gz"
    write_labels(file, np.zeros(GRID.shape, np.uint8), GRID)
    asked, most = [], []
    information = sitk.ImageFileReader.ReadImageInformation

    def slow(reader):
        asked.append(reader)
        most.append(len(asked))
        threading.Event().wait(0.02)
        information(reader)
        asked.pop()

    monkeypatch.setattr(sitk.ImageFileReader, "ReadImageInformation", slow)
    threads = [threading.Thread(target=read, args=(file,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_first_reads_in_many_threads_do_no_harm(tmp_path):
    for number in range(12):
        write_labels(tmp_path / f"{number}.nii.gz", np.zeros(GRID.shape, np.uint8), GRID)
    code = (
        "import sys; from pathlib import Path; from concurrent.futures import ThreadPoolExecutor\n"
        "from napari_acs.imaging.read import read_grid\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    print(len(list(threads.map(read_grid, Path(sys.argv[1]).glob('*.nii.gz')))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "12"), done.stderr
