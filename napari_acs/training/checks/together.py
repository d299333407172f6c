"""Many refusals in one, and whose each is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from napari_acs.errors import BadInput

_SHOWN = 10


def refuse(faults: Sequence[BadInput]) -> None:
    """Raise the faults as one; nothing where there is none.

    Raises
    ------
    BadInput
        The fault itself where it is the only one, else the first ten and how many there are.
    """
    if not faults:
        return
    if len(faults) == 1:
        raise faults[0]
    lines = [f"{number}. {fault}" for number, fault in enumerate(faults[:_SHOWN], start=1)]
    count = f"{len(faults)} faults"
    more = f", the first {_SHOWN} of which are" if len(faults) > _SHOWN else ""
    raise BadInput(
        f"The training data have {count}{more}:\n" + "\n".join(lines),
        do="Mend them, or leave these cases out",
    )


def of_case(name: str, fault: BadInput) -> BadInput:
    """Say whose file a refusal is about, where its name does not."""
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", fault.what):
        return fault
    return BadInput(
        f"{name}: {fault.what}", found=fault.found, expected=fault.expected, do=fault.do
    )
