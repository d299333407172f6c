"""One line of the pre-flight check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["green", "amber", "red"]
"""Red blocks, amber informs."""

Action = Literal["align", "strip", "choose", ""]
"""What a button beside the line can do: register to one grid, remove the skull, choose another
layer; empty where only the user can act."""


@dataclass(frozen=True)
class CheckLine:
    """One finding, for the panel's list and for ``napari-acs check``.

    Attributes
    ----------
    topic : str
        Stable, short, for scripts: ``"grids"``, ``"skull"``, ``"sequences"`` ...
    status : {"green", "amber", "red"}
    title : str
        A few words: "Sequences lie on one grid".
    found : str
        What was found, with the names of the layers or files; empty where the title says it.
    do : str
        What the user can do; empty when green.
    action : {"align", "strip", "choose", ""}
    """

    topic: str
    status: Status
    title: str
    found: str = ""
    do: str = ""
    action: Action = ""

    def record(self) -> dict[str, Any]:
        """Return the line as JSON-ready data."""
        return {
            "topic": self.topic,
            "status": self.status,
            "title": self.title,
            "found": self.found,
            "do": self.do,
        }


def worst(lines: tuple[CheckLine, ...]) -> Status:
    """Return the worst status of a list; green for an empty one."""
    order: tuple[Status, ...] = ("green", "amber", "red")
    return max((line.status for line in lines), key=order.index, default="green")
