"""Rows of the Models panel, and a store that keeps them in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

from napari_acs.errors import BadInput
from napari_acs.models.stated import Stated
from napari_acs.widgets.models_actions import Folders, ModelActions, Models
from napari_acs.widgets.models_rows import ModelRow

CARD = "# Mine\n\n<b>raw</b> ![x](file:///etc/hostname)\n\n[paper](https://example.org/p) [local](file:///bin/sh)\n"
BUNDLED = ModelRow(
    Path("/b/one"),
    "one",
    "The bundled one",
    "bundled",
    "0.1.1",
    "segmentation",
    "Apache-2.0",
    "",
    (),
    ("t1", "t1ce", "t2", "flair"),
    1,
    9_281_476,
    default=True,
    quality=Stated({"WT": 0.89, "TC": 0.66}, 5),
)
MINE = replace(
    BUNDLED,
    path=Path("/u/mine"),
    id="mine",
    title="Mine",
    source="user",
    origin="GaNDLF 0.1, model.pth.tar",
    required=("t1ce",),
    optional=("flair",),
    default=False,
    quality=Stated(),
)
FRESH = replace(
    MINE, path=Path("/s/fresh"), id="fresh", title="Fresh", source="shared", trained=False
)
BROKEN = ModelRow(Path("/u/half"), "half", "half", "user", why="half is incomplete. Copy it again.")


class FakeStore:
    """Remembers what was asked; ``go`` holds the changes up, ``check`` the hashing."""

    def __init__(self) -> None:
        self.rows = [BUNDLED, MINE, FRESH, BROKEN]
        self.go, self.check = Event(), Event()
        self.go.set()
        self.check.set()
        self.fault: Exception | None = None
        self.wrong: dict[str, str] = {}
        self.hashed: list[str] = []
        self.saved = Folders("/mine", ("/lab",))
        self.note = ""

    def actions(self) -> ModelActions:
        return ModelActions(
            lambda: Models(tuple(self.rows), self.note),
            self.add,
            self.remove,
            self.set_default,
            self.verify,
            lambda row: CARD,
            lambda: self.saved,
            self.set_folders,
        )

    def _wait(self) -> None:
        assert self.go.wait(20)
        if self.fault is not None:
            raise self.fault

    def add(self, path: Path) -> None:
        self._wait()
        if path.suffix == ".zip":
            raise BadInput(f"{path.name} is not taken", found="a way out of its folder")
        self.rows.append(replace(MINE, path=Path("/u") / path.name, id=path.name, title=path.name))

    def remove(self, row: ModelRow) -> None:
        self._wait()
        self.rows.remove(next(r for r in self.rows if r.path == row.path))

    def set_default(self, id: str) -> None:
        self._wait()
        self.rows = [replace(row, default=row.id == id) for row in self.rows]

    def verify(self, row: ModelRow) -> str:
        assert self.check.wait(20)
        self.hashed.append(row.id)
        return self.wrong.get(row.id, "")

    def set_folders(self, folders: Folders) -> None:
        self._wait()
        self.saved = folders
