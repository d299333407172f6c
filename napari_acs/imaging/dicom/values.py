"""Take values out of a header that may hold anything: what cannot be read counts as missing."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydicom.config import IGNORE
from pydicom.uid import UID

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def value(dataset: Dataset, keyword: str | int) -> Any:
    """Return the value of an attribute; None when it is missing, empty or cannot be parsed."""
    try:
        element = dataset.get(keyword) if isinstance(keyword, str) else dataset[keyword].value
    except Exception:  # pydicom parses late, and raises whatever the bytes lead it to
        return None
    return None if element is None or (isinstance(element, str) and not element) else element


def text(dataset: Dataset, keyword: str | int) -> str:
    """Return an attribute as one line of text; empty when it is missing or damaged."""
    try:
        return " ".join(filter(None, (_clean(one) for one in _many(value(dataset, keyword)))))
    except Exception:  # a text in a character set that is not what it says
        return ""


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of a multi-valued attribute in upper case."""
    try:
        return tuple(_clean(one).upper() for one in _many(value(dataset, keyword)))
    except Exception:  # as above
        return ()


def uid(dataset: Dataset, keyword: str) -> str:
    """Return a UID; of one that is none, a UID made of its hash, for it could be any text."""
    found = text(dataset, keyword)
    if not found or (len(found) <= 64 and re.fullmatch(r"[0-9.]+", found)):
        return found
    return f"2.25.{int.from_bytes(hashlib.sha256(found.encode()).digest()[:15], 'big')}"


def _many(found: Any) -> Sequence[Any]:
    if found is None:
        return ()
    is_one = isinstance(found, str | bytes) or not isinstance(found, Sequence)
    return [found] if is_one else found[:16]


def _clean(found: Any) -> str:
    """Return a text in one line; empty when it is too long for a header, or holds odd bytes.

    With a wrong length an attribute takes in those after it, and the patient's name with them.
    """
    line = " ".join(str(found).split())
    return line if len(line) <= 128 and line.isprintable() and "\ufffd" not in line else ""


def numbers(dataset: Dataset, keyword: str | int, count: int) -> tuple[float, ...] | None:
    """Return exactly ``count`` finite numbers; None when they are not there."""
    found = value(dataset, keyword)
    many = found if isinstance(found, Sequence) and not isinstance(found, str | bytes) else [found]
    if len(many) != count:
        return None
    try:
        parsed = tuple(float(one) for one in many)
    except (TypeError, ValueError, OverflowError):
        return None
    return parsed if all(map(math.isfinite, parsed)) else None


def number(dataset: Dataset, keyword: str | int) -> float | None:
    """Return one finite number (the first of several); None when it is not there."""
    found = value(dataset, keyword)
    if isinstance(found, Sequence) and not isinstance(found, str | bytes) and len(found):
        found = found[0]
    try:
        parsed = float(found)
    except (TypeError, ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return one whole number; None when it is not there."""
    found = number(dataset, keyword)
    return int(found) if found is not None and found == int(found) else None


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """Return the items of a sequence; none when it is missing or damaged."""
    found = value(dataset, keyword)
    # A damaged header can put text where a sequence belongs.
    if found is None or isinstance(found, str | bytes) or not isinstance(found, Sequence):
        return ()
    return found if all(hasattr(item, "get") for item in found) else ()


def uid_name(uid: str) -> str:
    """Return the name of a UID in the standard; empty when it is not there."""
    name = UID(uid, validation_mode=IGNORE).name
    return "" if name == uid else name
