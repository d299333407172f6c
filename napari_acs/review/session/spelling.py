"""What a session can be called, and which names and texts it can hold: it is UTF-8 throughout."""

from __future__ import annotations

from pathlib import Path

from napari_acs.errors import BadInput

_MOST = 255
"""Bytes that a file's name may have on the usual file systems."""
_AROUND = len("-journal")
"""What the longest name beside a session has more than its own; see `place.BESIDE`."""


def check_text(text: str, what: str, do: str) -> None:
    """Make sure that a name can be written into a session.

    Parameters
    ----------
    text : str
        Of a path, as Python gives it: bytes that are no text are half surrogates in it.
    what : str
        What it is, for the refusal.
    do : str

    Raises
    ------
    BadInput
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{what} has a name that is no text",
            found=text,
            expected="a name in UTF-8; older disks and archives hold others",
            do=do,
        ) from error


def whole_text(text: str) -> str:
    """Return what was typed or pasted as UTF-8 can hold it: half a character becomes U+FFFD.

    Qt gives the halves of a cut emoji as they are, and no file of text takes one.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def check_name(path: Path) -> None:
    """Make sure that a session can bear a name.

    Raises
    ------
    BadInput
        It is too long, or no text.
    """
    check_text(
        str(path.absolute()), "The session's file or folder", "Rename it, or choose another place"
    )
    length = len(path.name.encode()) + _AROUND
    if length > _MOST:
        raise BadInput(
            f"{path.name[:40]}... is too long for the name of a file",
            found=f"{length - _AROUND} bytes",
            expected=f"at most {_MOST - _AROUND}",
            do="Choose a shorter name for the session or its raters",
        )
