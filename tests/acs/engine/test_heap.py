import platform
import subprocess
import sys

import pytest
import torch

from napari_acs.acs.engine import heap
from napari_acs.acs.engine.heap import kept_heap

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="settings of glibc")


class _Recorder:
    def __init__(self):
        self.calls = []

    def mallopt(self, parameter, value):
        self.calls.append((parameter, value))
        return 1

    def malloc_trim(self, pad):
        self.calls.append("trim")
        return 1


def test_only_the_outermost_block_switches_and_also_after_an_error(monkeypatch):
    libc = _Recorder()
    monkeypatch.setattr(heap, "_libc", lambda: libc)
    with pytest.raises(RuntimeError, match="inside"), kept_heap():
        with kept_heap():
            assert len(libc.calls) == 2
        assert len(libc.calls) == 2
        raise RuntimeError("inside")
    assert libc.calls[2:] == [(-4, 65536), (-3, 32 << 20), (-1, 64 << 20), "trim"]


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap, "_libc", lambda: None)
    with kept_heap():
        assert torch.zeros(3).sum() == 0


@needs_glibc
def test_memory_is_reused_inside_and_given_back_after():
    program = """
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
import torch
from napari_acs.acs.engine.heap import kept_heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def faults():
    return getrusage(RUSAGE_SELF).ru_minflt

torch.ones(10).add_(1)
start = resident()
with kept_heap():
    for turn in range(8):
        if turn == 1:
            before = faults()
        # 200 MB, freed at once. Each is smaller than the last by 1 MB: an equal one may not fit
        # its gap again, since something small took the few bytes beside it.
        torch.ones(50_000_000 - 250_000 * turn).add_(1)
    print(faults() - before, resident() - start)
print(resident() - start)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    faults, inside, after = map(int, run.stdout.split())
    assert faults < 1000  # of 7 x 48 000 pages
    assert 150e6 < inside < 300e6
    assert after < 50e6
