"""The NIfTI-1 header, looked at before SimpleITK does: it reads damaged files without a word.

SimpleITK 2.5 fills what a truncated file lacks with zeros, and takes a spacing of 0 or NaN for
1 mm, and NaN and infinite voxels for 0. None of it may reach a network.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from napari_acs.errors import BadInput

LENGTH = 348
"""Bytes of a NIfTI-1 header."""

_UNITS = 123
_MM = {1: 1e3, 2: 1.0, 3: 1e-3}
"""Metre, millimetre, micrometre."""
_GEOMETRY = (
    (76, "8f"),  # pixdim
    (_UNITS, "B"),  # xyzt_units
    (252, "2h"),  # qform_code, sform_code
    (256, "6f"),  # quatern_b, c, d; qoffset_x, y, z
    (280, "12f"),  # srow_x, y, z
)
_CHUNK = 1 << 20
_BITS = {
    2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64,
    1280: 64, 1536: 128, 1792: 128, 2048: 256, 2304: 32,
}  # fmt: skip
"""Bits of a voxel, by the datatype of NIfTI-1."""
_LATEST_START = 1 << 24
"""Extensions before the voxels are some kilobytes."""
_SMALLEST_MM, _LARGEST_MM = 1e-5, 1e4
"""Voxels are larger and smaller than these, in whatever unit they were meant."""
_LARGEST = 1e8
"""No scale and no place in mm is as large."""


@dataclass(frozen=True)
class NiftiHeader:
    """The 348 bytes and their byte order (``<`` or ``>``)."""

    raw: bytes
    order: str

    def numbers(self, offset: int, kind: str) -> tuple[float, ...]:
        """Unpack fields at a byte offset by a `struct` format without the byte order."""
        return struct.unpack_from(self.order + kind, self.raw, offset)

    @property
    def pixdim(self) -> tuple[float, ...]:
        """The eight pixdim: qfac, then spacing along x, y, z, t..."""
        return self.numbers(76, "8f")

    @property
    def codes(self) -> tuple[int, int]:
        """qform_code and sform_code."""
        qform, sform = self.numbers(252, "2h")
        return int(qform), int(sform)

    @property
    def mm(self) -> float:
        """How many mm its unit of length is; 1 where it names none."""
        return _MM.get(self.raw[_UNITS] & 7, 1.0)

    @property
    def data_start(self) -> int:
        """Byte of the first voxel."""
        start = self.numbers(108, "f")[0]
        return max(int(start), 0) if math.isfinite(start) else 0

    @property
    def data_end(self) -> int:
        """Bytes that the file must have, by dim, datatype and vox_offset (readers skip bitpix)."""
        dims = [int(n) for n in self.numbers(40, "8h")]
        bits = _BITS.get(int(self.numbers(70, "h")[0]), 8)
        voxels = math.prod(max(n, 1) for n in dims[1 : 1 + dims[0]])
        return self.data_start + voxels * bits // 8


def check_nifti(path: Path) -> NiftiHeader:
    """Read the header and go through the whole file once.

    Raises
    ------
    BadInput
        Not NIfTI-1, truncated or damaged, NaN or infinite voxels, or a spacing that is zero,
        negative or NaN, or that contradicts the sform.
    OSError
        The file cannot be opened.
    """
    name = path.name
    try:
        with _open(path) as file:
            header = _parse(file.read(LENGTH), name)
            _check_fields(header, name)
            length, odd = _go_through(file, header)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(
            f"{name} is truncated or damaged",
            found=f"a gzip stream that breaks off or fails its checksum ({error})",
            expected="a complete .nii.gz file",
            do="Copy or export the file again",
        ) from error
    if length < header.data_end:
        raise BadInput(
            f"{name} is truncated",
            found=f"{length} bytes",
            expected=f"{header.data_end} bytes, by its header",
            do="Copy or export the file again",
        )
    if odd:
        raise not_finite(name, odd)
    _check_spacing(header, name)
    return header


def header_of(path: Path) -> NiftiHeader:
    """Read the header alone; see `check_nifti`, which looks at the voxels too."""
    with _open(path) as file:
        return _parse(file.read(LENGTH), path.name)


def not_finite(name: str, count: int) -> BadInput:
    """Return the refusal of voxels that are NaN or infinite."""
    return BadInput(
        name,
        found=f"{count} voxel(s) that are NaN or infinite",
        expected="finite numbers",
        do="Replace them (by 0 outside the brain) or export the volume again",
    )


def with_geometry_of(raw: bytes, header: NiftiHeader) -> bytes:
    """Return a NIfTI-1 file's bytes with the geometry fields of another header, bit for bit."""
    changed = bytearray(raw)
    order = _parse(raw[:LENGTH], "mask").order
    for offset, kind in _GEOMETRY:
        struct.pack_into(order + kind, changed, offset, *header.numbers(offset, kind))
    return bytes(changed)


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    # NIfTI readers go by the content, not by the suffix, when a .nii.gz is not packed.
    if packed and path.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")


def _go_through(file: IO[bytes], header: NiftiHeader) -> tuple[int, int]:
    """Return how long the file is, and how many of its voxels are NaN or infinite."""
    code = int(header.numbers(70, "h")[0])
    kind = {16: "f4", 64: "f8"}.get(code)
    length = LENGTH + len(file.read(header.data_start - LENGTH))
    odd = 0
    while chunk := file.read(_CHUNK):
        voxels = chunk[: max(header.data_end - length, 0)]
        length += len(chunk)
        if kind and len(voxels) % int(kind[1]) == 0:
            values = np.frombuffer(voxels, header.order + kind)
            odd += int(np.count_nonzero(~np.isfinite(values)))
    return length, odd


def _parse(raw: bytes, name: str) -> NiftiHeader:
    for order in "<>":
        if len(raw) == LENGTH and struct.unpack_from(order + "i", raw)[0] == LENGTH:
            return NiftiHeader(raw, order)
    two = len(raw) >= 4 and 540 in (struct.unpack_from(o + "i", raw)[0] for o in "<>")
    raise BadInput(
        f"{name} is not a NIfTI-1 file",
        found="a NIfTI-2 header" if two else f"{len(raw)} bytes that are no NIfTI header",
        expected="NIfTI-1 (.nii, .nii.gz), NRRD or MHA",
        do="Convert it to NIfTI-1" if two else "Check the file's type and export it again",
    )


def _check_fields(header: NiftiHeader, name: str) -> None:
    """Refuse numbers that SimpleITK would allocate or compute by without a look."""
    dims = [int(n) for n in header.numbers(40, "8h")]
    code = int(header.numbers(70, "h")[0])
    start = header.numbers(108, "f")[0]
    wrong = ""
    if not 1 <= dims[0] <= 7 or min(dims[1 : 1 + dims[0]]) < 1:
        wrong = f"a size of {' x '.join(map(str, dims[1:]))} in {dims[0]} dimensions"
    elif code not in _BITS:
        wrong = f"voxels of type {code}"
    elif not LENGTH <= start <= _LATEST_START:  # NaN too
        wrong = f"voxels that begin at byte {start:g}"
    elif header.raw[344:348] not in {b"n+1\0", b"n+1 "}:
        wrong = f"the mark {header.raw[344:348]!r}"
    else:
        used = {(112, "2f")}
        qform, sform = header.codes
        used |= {(256, "6f")} if qform > 0 else set()
        used |= {(280, "12f")} if sform > 0 else set()
        odd = [n for at, kind in used for n in header.numbers(at, kind) if not _plain(n)]
        if odd:
            wrong = f"{odd[0]:g} among the numbers of its scale and place"
    if wrong:
        raise BadInput(
            f"{name} has a damaged header",
            found=wrong,
            expected="a NIfTI-1 file of one volume, header and voxels in one file",
            do="Export the file again",
        )


def _plain(number: float) -> bool:
    return math.isfinite(number) and abs(number) < _LARGEST


def _check_spacing(header: NiftiHeader, name: str) -> None:
    spacing = header.pixdim[1:4]
    if not all(_SMALLEST_MM < s < _LARGEST_MM for s in spacing):  # NaN too
        raise BadInput(
            f"{name} has no usable voxel spacing",
            found=f"a header that says ({', '.join(f'{s:g}' for s in spacing)}) mm",
            expected="three positive numbers",
            do="Export the file again, or set the spacing with a NIfTI tool",
        )
    qform, sform = header.codes
    rows = [header.numbers(280 + 16 * i, "4f") for i in range(3)]
    scales = [math.sqrt(sum(row[i] ** 2 for row in rows)) for i in range(3)] if sform > 0 else []
    if not all(_SMALLEST_MM < scale < _LARGEST_MM for scale in scales):
        raise BadInput(
            f"{name} does not say where its voxels are",
            found=f"an sform with axes of {', '.join(f'{s:g}' for s in scales)} mm a voxel",
            expected="three positive numbers",
            do="Export the file again, or correct the header with a NIfTI tool",
        )
    alike = (math.isclose(a, b, rel_tol=1e-3) for a, b in zip(scales, spacing, strict=False))
    if qform <= 0 and not all(alike):
        raise BadInput(
            f"{name} contradicts itself about the voxel spacing",
            found=f"pixdim ({', '.join(f'{s:g}' for s in spacing)}) mm, but sform "
            f"({', '.join(f'{s:g}' for s in scales)}) mm",
            expected="one spacing",
            do="Export the file again, or correct the header with a NIfTI tool",
        )
