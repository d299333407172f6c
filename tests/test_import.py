"""What importing costs: the package and its rooms load no more than they say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import napari_acs

HEAVY = ("torch", "torchvision", "SimpleITK", "napari", "qtpy", "superqt", "magicgui", "scipy")
QT_BINDINGS = ("PyQt5", "PyQt6", "PySide2", "PySide6")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after ``code``."""
    said = python("-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))")
    return {name.partition(".")[0] for name in json.loads(said.stdout.splitlines()[-1])}


def test_import_time_lists_no_heavy_module():
    # -X importtime names every module that the import executed, one a line, on stderr.
    lines = python("-X", "importtime", "-c", "import napari_acs").stderr.splitlines()
    executed = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if "|" in line}
    assert "napari_acs" in executed
    assert executed.isdisjoint({*HEAVY, *QT_BINDINGS, "numpy", "pydantic"})


def test_lazy_names_resolve_to_what_their_room_exports():
    names = sorted(set(napari_acs.__all__) - {"__version__"})
    code = (
        f"import json, napari_acs\nfound = [getattr(napari_acs, name) for name in {names!r}]\n"
        "print(json.dumps([(callable(it), it.__module__) for it in found]))"
    )
    found = json.loads(python("-c", code).stdout)
    for name, (resolved, module) in zip(names, found, strict=True):
        assert resolved, name
        assert module.startswith("napari_acs."), name
        assert name in dir(napari_acs)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = napari_acs.no_such_name


def without(*modules: str) -> str:
    """Return code after which importing any of ``modules`` fails, as where it is missing."""
    return f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n"


def every_module_of(room: str) -> str:
    """Return code that imports a room's modules one by one, its name printed after each."""
    return (
        "import importlib, pkgutil\n"
        f"room = importlib.import_module('napari_acs.{room}')\n"
        "for found in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
    )


NOT_FOR_NETWORKS = (*(set(HEAVY) - {"torch", "torchvision"}), *QT_BINDINGS, "skimage", "rich")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        # The ACS library is usable alone: a network and torch.
        (every_module_of("acs"), (*NOT_FOR_NETWORKS, "torchvision", "pydantic", "safetensors")),
        # Models, and the loop that trains them, move to machines that have no images on disk.
        (every_module_of("models"), NOT_FOR_NETWORKS),
        ("import napari_acs.training.loop", NOT_FOR_NETWORKS),
        # Reading and measuring images needs no network and no window.
        (every_module_of("imaging"), ("torch", "napari", "qtpy", *QT_BINDINGS)),
        # A review is opened and measured where there is neither.
        (every_module_of("review"), ("torch", "napari", "qtpy", *QT_BINDINGS)),
    ],
    ids=["acs", "models", "training.loop", "imaging", "review"],
)
def test_room_runs_where_other_libraries_are_missing(code, absent):
    assert "napari_acs" in loaded_by(without(*absent) + code)


def test_acs_knows_no_other_room():
    said = python(
        "-c",
        "import sys, napari_acs.acs\n"
        "print(*sorted(n for n in sys.modules if n.startswith('napari_acs.')))",
    )
    rooms = {name.split(".")[1] for name in said.stdout.split()}
    assert rooms <= {"acs", "errors"}


def test_command_line_starts_without_the_heavy_rooms():
    loaded = loaded_by("import napari_acs.cli")
    assert loaded.isdisjoint({"torch", "SimpleITK", "napari", *QT_BINDINGS})
