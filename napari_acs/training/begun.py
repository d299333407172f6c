"""What a run was begun with, so that it goes on with the same or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from napari_acs.errors import BadInput
from napari_acs.models.atomic import file_appears
from napari_acs.training.arrays import read_arrays

BEGUN: Final = "begun.json"


def begin_with(run: Path, start: str, cases: Mapping[str, str], *, resumed: bool) -> str:
    """Keep what a run starts from, or see that one that goes on has the same cases.

    A network that goes on with other cases would be judged by some that it was trained on, or
    say of itself that it learned from some that it never saw.

    Parameters
    ----------
    run : Path
    start : str
        Where the start weights come from, for the card.
    cases : mapping of str to str
        By name, whatever tells one state of a case from another.
    resumed : bool
        Whether steps were made already.

    Returns
    -------
    str
        Where the start weights came from when the run was begun.

    Raises
    ------
    BadInput
        The cases are not those that it was begun with.
    """
    file = run / BEGUN
    kept = _read(file) if resumed and file.is_file() else None
    if kept is None:
        with file_appears(file, replace=True) as staging:
            text = json.dumps({"start": start, "cases": dict(cases)}, indent=1, ensure_ascii=False)
            staging.write_text(text + "\n", encoding="utf-8")
        return start
    before = kept["cases"]
    other = sorted(k for k in {*before, *cases} if before.get(k) != cases.get(k))
    if other:
        named = ", ".join(f"{k} ({_what(before.get(k), cases.get(k))})" for k in other[:5])
        raise BadInput(
            f"The run in {run} was begun with other cases",
            found=named + (f" and {len(other) - 5} more" if len(other) > 5 else ""),
            do="Give the same data to go on with it, or begin in another folder (--run)",
        )
    return str(kept["start"])


def start_of(encoder_weights: Path | None, *, pretrained: bool) -> str:
    """Return where start weights come from, in the words of a card."""
    if encoder_weights is not None:
        return encoder_weights.name
    return "torchvision" if pretrained else "none (random)"


def cached_states(cache: Path) -> dict[str, str]:
    """Return what each prepared case of a cache was made from, as a hash; empty if unknown."""
    states = {}
    for file in sorted(cache.glob("*.npz")):
        with read_arrays(file) as data:
            states[file.stem] = str(data["inputs"]) if "inputs" in data else ""
    return states


def _what(before: str | None, now: str | None) -> str:
    return "new" if before is None else "gone" if now is None else "changed"


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {"start": found["start"], "cases": dict(found["cases"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{file} cannot be read", found=str(error), do="Begin in another folder (--run)"
        ) from error
