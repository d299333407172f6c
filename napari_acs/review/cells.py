"""Texts as a file or a table may hold them: nothing unseen, and no formula."""

from __future__ import annotations

import re
from typing import Any

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, or strip before one; full-width forms
are the same to those of East Asia (OWASP, CSV injection)."""


def plain(text: str) -> str:
    """Return a text without characters that no file may hold; line breaks stay."""
    return _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def cell(value: Any) -> Any:
    """Return a value as a table holds it; no spreadsheet takes it for a formula."""
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
