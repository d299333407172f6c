"""Whether files hold the same, whatever they are called."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

_CHUNK = 1 << 20


def may_hold_the_same(path: Path, other: Path) -> bool:
    """Say at a glance whether two files may hold the same, be one packed and one not."""
    one, two = content_key(path), content_key(other)
    if type(one) is type(two):
        return one == two
    return _unpacked_size(one) == _unpacked_size(two)


def content_key(path: Path) -> bytes | int:
    """Return what files packed in one way share that hold the same: checksum and size, or size."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        size = file.seek(0, 2)
        if packed and size >= 8:
            file.seek(-8, 2)
            return file.read(8)
    return size


def _unpacked_size(key: bytes | int) -> int:
    """Return the size of the content as gzip says it: modulo 2 to the 32."""
    return int.from_bytes(key[4:], "little") if isinstance(key, bytes) else key % 2**32


def content_hash(path: Path) -> bytes:
    """Hash a file's content, unpacked."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except (OSError, EOFError, zlib.error):
        digest.update(str(path).encode())  # damaged, which is a fault of its own
    return digest.digest()
