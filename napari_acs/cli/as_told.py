"""The command as a bundle and its card may tell it: they are given to others."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path


def command_told(arguments: Sequence[str]) -> str:
    """Return a command line of `napari-acs`, of every path its last part alone.

    A path may hold the user's name, or a patient's. The run's folder keeps the command as it was.

    Parameters
    ----------
    arguments : sequence of str
        All but the program. A path is what is absolute, or is there; also after ``--option=`` and
        in ``--set KEY=PATH``.
    """
    return shlex.join(["napari-acs", *map(_told, arguments)])


def _told(argument: str) -> str:
    key, equals, value = argument.partition("=")
    if equals and "/" not in key and "\\" not in key:
        return f"{key}={_told(value)}"
    return Path(argument).name if _is_path(argument) else argument


def _is_path(text: str) -> bool:
    try:
        path = Path(text)
        return len(path.parts) > 1 and (path.is_absolute() or path.exists())
    except (OSError, ValueError):  # longer than a name may be, or no name at all
        return False
