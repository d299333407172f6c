"""What a case is called while it is read: nothing tells that it is read a second time."""

from __future__ import annotations

import hashlib
import re

_PSEUDONYM = re.compile(r"(\w+-)([0-9a-f]{8,})")


def shown_name(case: str, read: int) -> str:
    """Return the name under which the reader sees a reading of a case.

    The first is called as the case is; a repeat by a pseudonym of its own, of the same form. A
    session that keeps names shows them: a pseudonym among names would stand out.
    """
    form = _PSEUDONYM.match(case)
    if read == 1 or form is None:
        return case
    digest = hashlib.sha256(f"read {read} of {case}".encode()).hexdigest()
    return form[1] + digest[: len(form[2])]
