"""What every test shares: a world of its own for settings, the real cases, and the plugin.

Nothing here imports torch, SimpleITK, Qt or napari: a test that needs none stays fast.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REPO = Path(__file__).resolve().parents[1]

SHARED_DATA = Path(
    os.environ.get("NAPARI_ACS_SHARED_DATA", REPO.parent / "shared" / "data")
).resolve()
"""The folder of real cases; it is no part of the repository and may be absent."""

needs_shared_data = pytest.mark.skipif(
    not (SHARED_DATA / "README.md").is_file(),
    reason=f"the real cases are not at {SHARED_DATA} (NAPARI_ACS_SHARED_DATA names the folder)",
)
"""Mark of a test that reads ``SHARED_DATA``; without it the test is skipped, with the reason."""

_HOME = pytest.StashKey[Path]()

_WITH_WINDOWS = ("widgets", "viewer", "e2e")
"""Folders of tests that open windows: two at once on one screen would take each other's focus."""


def pytest_configure(config: pytest.Config) -> None:
    """Give the run settings and folders of its own, few threads, and hypothesis its profile.

    In a hook and not on import: a test that says ``from conftest import SHARED_DATA`` gets a
    second copy of this module.
    """
    # napari's fixtures reset and save its settings, and the model store is in the user's data
    # folder: point all of them at a folder that goes away. napari reads NAPARI_CONFIG on import.
    assert "napari.settings" not in sys.modules, "napari's settings were read before conftest.py"
    home = config.stash[_HOME] = Path(tempfile.mkdtemp(prefix="napari-acs-tests-"))
    os.environ["NAPARI_CONFIG"] = str(home / "napari" / "settings.yaml")
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        os.environ[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    # Two cores are what the slowest machine has; more threads than cores cost more than they give.
    threads = os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
    os.environ.setdefault("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", threads)
    settings.register_profile("default", deadline=None)
    settings.register_profile(
        "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the settings of this run."""
    if _HOME in config.stash:
        shutil.rmtree(config.stash[_HOME], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file together, and all that open windows, when several workers run.

    Not by ``--dist loadgroup``: with pytest 9.2, xdist 3.8 overlooks the groups.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 (there where it is used alone)

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "windows" if file.split("/")[1:2][0] in _WITH_WINDOWS else file

    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """Let collections of garbage pass over what was imported: napari's fixtures make many.

    Each looks at every object of torch and napari otherwise, for up to half a second.
    """
    _pass_over_what_is_there()


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Do so again after each test with a window, for what was imported since.

    Not at its teardown: pytest still holds its fixtures then, and what is passed over is not
    freed where it hangs in a cycle, as viewers do.
    """
    if nodeid.split("/")[1:2][0] in _WITH_WINDOWS:
        _pass_over_what_is_there()


def _pass_over_what_is_there() -> None:
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    """Say at the top of a run where the real cases are, or that they are absent."""
    there = "there" if (SHARED_DATA / "README.md").is_file() else "absent"
    return f"real cases: {SHARED_DATA} ({there})"


@pytest.fixture
def one_torch_thread():
    """Run torch on one thread: sums come in one order, and results are the same bit for bit."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def acs_plugin(npe2pm):
    """Give npe2's plugin manager with this plugin alone, from the manifest in the source tree."""
    with npe2pm.tmp_plugin(manifest=str(REPO / "napari_acs" / "napari.yaml")):
        yield npe2pm
