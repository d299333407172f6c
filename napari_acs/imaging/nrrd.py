"""The geometry lines of an NRRD header, as text, so that they can be carried over unrounded.

NRRD stores spacing times direction; SimpleITK divides them on reading and multiplies again on
writing, and the last bit is not always the same.
"""

from __future__ import annotations

from pathlib import Path

_FIELDS = (
    "space",
    "space dimension",
    "space directions",
    "space origin",
    "space units",
    "spacings",
)


def geometry_lines(path: Path) -> dict[str, str]:
    """Return the header's geometry fields with their text."""
    lines: dict[str, str] = {}
    with path.open("rb") as file:
        while line := file.readline().strip():
            field, _, value = line.decode("ascii", "replace").partition(": ")
            if field in _FIELDS:
                lines[field] = value
    return lines


def with_lines(raw: bytes, lines: dict[str, str]) -> bytes:
    """Return an NRRD file's bytes with these geometry fields in place of its own."""
    head, _, data = raw.partition(b"\n\n")
    kept = [
        line for line in head.decode("ascii").split("\n") if line.partition(": ")[0] not in _FIELDS
    ]
    # After "dimension", before the sizes: "space" must come before what is given in it.
    at = next(i for i, line in enumerate(kept) if line.startswith("dimension")) + 1
    ordered = [f"{field}: {lines[field]}" for field in _FIELDS if field in lines]
    return "\n".join([*kept[:at], *ordered, *kept[at:]]).encode() + b"\n\n" + data


def with_pairs(raw: bytes, pairs: dict[str, str]) -> bytes:
    """Return an NRRD file's bytes with key/value pairs added; a pair's text may be of any kind."""
    head, _, data = raw.partition(b"\n\n")
    lines = [f"{key}:={_escaped(value)}" for key, value in pairs.items()]
    return b"\n".join([head, *(line.encode() for line in lines)]) + b"\n\n" + data


def _escaped(value: str) -> str:
    # The two escapes that the format knows; anything else stands as it is.
    return value.replace("\\", "\\\\").replace("\r", " ").replace("\n", "\\n")
