"""MetaImage data, looked at before SimpleITK does: it takes damaged compressed data for good."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

from napari_acs.errors import BadInput

_BYTES = {
    "CHAR": 1, "UCHAR": 1, "SHORT": 2, "USHORT": 2, "INT": 4, "UINT": 4, "LONG": 4, "ULONG": 4,
    "LONG_LONG": 8, "ULONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8,
}  # fmt: skip
_LONGEST_HEADER = 1 << 16


def check_metaimage(path: Path) -> None:
    """Check that the voxels that the header promises are there and whole.

    Looks at binary data in the file itself or in one file beside it; other layouts (lists and
    patterns of slices, text) are left to SimpleITK.

    Raises
    ------
    BadInput
        No MetaImage, or its data are missing, truncated or damaged.
    OSError
        A file cannot be opened.
    """
    with path.open("rb") as file:
        fields = _header(file.read(_LONGEST_HEADER))
        if not {"NDims", "DimSize", "ElementType", "ElementDataFile"}.issubset(fields):
            raise BadInput(
                f"{path.name} is not a MetaImage file",
                found="no MetaImage header",
                expected="a header with NDims, DimSize, ElementType and ElementDataFile",
                do="Check the file's type and export it again",
            )
        kind = fields["ElementType"].removeprefix("MET_").removesuffix("_ARRAY")
        place = fields["ElementDataFile"]
        if kind not in _BYTES or fields.get("BinaryData", "True").lower() != "true":
            return
        if place.upper() == "LOCAL":
            file.seek(int(fields["start"]))
            data = file.read()
        elif place and not {" ", "%"}.intersection(place) and place.upper() != "LIST":
            beside = path.with_name(place)
            if not beside.is_file():
                raise BadInput(
                    f"{path.name} has no voxels",
                    found=f"no file {place} beside it",
                    do="Copy both files, the header and its data, to one folder",
                )
            data = beside.read_bytes()
        else:
            return
    try:
        counts = [*fields["DimSize"].split(), fields.get("ElementNumberOfChannels", "1")]
        need = math.prod(map(int, counts)) * _BYTES[kind]
        packed = int(fields.get("CompressedDataSize", len(data)))
    except ValueError as error:
        raise _damaged(path, f"a header with a size that is no number ({error})") from error
    if fields.get("CompressedData", "False").lower() == "true":
        try:
            data = zlib.decompress(data[:packed], 47)
        except zlib.error as error:
            raise _damaged(
                path, f"compressed data that break off or do not unpack ({error})"
            ) from error
    if len(data) < need:
        raise _damaged(path, f"{len(data)} bytes of voxels where the header promises {need}")


def header_of(path: Path) -> dict[str, str]:
    """Return the header's fields, and as ``start`` the byte at which local data begin."""
    with path.open("rb") as file:
        return _header(file.read(_LONGEST_HEADER))


def _header(start: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    at = 0
    while "ElementDataFile" not in fields and (end := start.find(b"\n", at)) >= 0:
        key, _, value = start[at:end].decode("latin-1").partition("=")
        fields[key.strip()] = value.strip()
        at = end + 1
    return {**fields, "start": str(at)}


def _damaged(path: Path, found: str) -> BadInput:
    return BadInput(
        f"{path.name} is truncated or damaged",
        found=found,
        expected="a complete file",
        do="Copy or export the file again",
    )
