"""Read ``model.json`` without trusting it: its size, its nesting and its numbers are bounded."""

from __future__ import annotations

import json
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final

from pydantic import ValidationError

from napari_acs.errors import BadInput
from napari_acs.models.spec import ANY_SPEC, FORMAT, AnySpec, ClassifierSpec

MOST_JSON_BYTES: Final = 4 * 2**20
MOST_NUMBER: Final = 65_536
"""In ``architecture.arguments``: no network that fits a computer has more channels."""
_MOST_VALUES = 1_000
_MOST_TEXT = 1_000
_MOST_PATCH = 1_024
_SPACING_MM = (0.1, 20.0)


def read_spec(folder: Path) -> AnySpec:
    """Read and check a bundle's ``model.json``.

    Raises
    ------
    BadInput
        If it is missing, broken, of a version this package does not know, or beyond all bounds.
    """
    file = folder / "model.json"
    if not file.is_file():
        raise BadInput(f"{folder} is not a model bundle", found="no model.json in it")
    content = read_bounded(file, MOST_JSON_BYTES)
    check_json(content, file)
    try:
        spec = ANY_SPEC.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = place_of(first["loc"])
        if where == "format":
            raise BadInput(
                f"{file} is of a format this version does not know",
                found=f"format {str(first['input'])[:20]}",
                expected=f"format 1 to {FORMAT}",
                do="Update napari-acs, or ask for the bundle in an older format",
            ) from error
        raise BadInput(
            f"{file} is not a valid bundle description",
            found=f"{where or 'the file'}: {first['msg']}",
            do="Mend the file or copy the bundle again",
        ) from error
    check_bounds(spec, file)
    return spec


def place_of(location: tuple[int | str, ...]) -> str:
    """Return where in a description pydantic found an error; it puts the task first."""
    return ".".join(str(part) for part in location[1:])


def read_bounded(file: Path, most: int) -> bytes:
    """Return a regular file's content.

    Raises
    ------
    BadInput
        If it is larger than ``most`` bytes, is no regular file or cannot be read.
    """
    try:
        # A named pipe would block, and a device never end.
        if not S_ISREG(file.stat().st_mode):
            raise BadInput(f"{file} is not a file")
        with file.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read", found=(error.strerror or str(error))) from error
    if len(content) > most:
        raise BadInput(f"{file} is too large", expected=f"at most {most / 2**20:g} MiB")
    return content


def check_json(content: bytes, file: Path) -> None:
    """Refuse JSON that two readers could take for two different things, or that nests deeply.

    Raises
    ------
    BadInput
        If it is no JSON, or has duplicated keys, NaN or infinite numbers, or endless brackets.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        taken = dict(pairs)
        if len(taken) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in taken if names.count(name) > 1)
            raise ValueError(f"{twice[:80]!r} twice")
        return taken

    def refuse(constant: str) -> None:
        raise ValueError(f"the number {constant}")

    try:
        json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        raise BadInput(
            f"{file} is not a valid bundle description",
            found="brackets that nest too deeply" if deep else str(error),
            do="Mend the file or copy the bundle again",
        ) from error


def check_bounds(spec: AnySpec, file: Path) -> None:
    """Refuse numbers that would make a network or an image larger than any computer holds.

    Raises
    ------
    BadInput
        Naming the field.
    """
    trouble = _trouble(spec.architecture.arguments)
    if trouble:
        raise _refused(file, f"{trouble} in architecture.arguments", "a network of usual size")
    low, high = _SPACING_MM
    if not all(low <= side <= high for side in spec.input.spacing_mm):
        found = f"input.spacing_mm {spec.input.spacing_mm}"
        raise _refused(file, found, f"voxels of {low:g} to {high:g} mm")
    name = "size" if isinstance(spec, ClassifierSpec) else "patch"
    sides = getattr(spec.input, name)
    if max(sides) > _MOST_PATCH:
        found = f"input.{name} {sides}"
        raise _refused(file, found, f"sides of at most {_MOST_PATCH} voxels")


def _refused(file: Path, found: str, expected: str) -> BadInput:
    do = "Do not use this bundle, or ask its author"
    return BadInput(f"{file} is refused", found=found, expected=expected, do=do)


def _trouble(arguments: dict[str, Any]) -> str:
    """Say what is wrong with the arguments of an architecture; nothing if they are sound."""
    waiting: list[Any] = [arguments]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, str) and len(value) > _MOST_TEXT:
            return f"a text of {len(value)} characters"
        # Not "> MOST_NUMBER": NaN is larger than nothing.
        elif isinstance(value, int | float) and not abs(value) <= MOST_NUMBER:
            return f"the number {float(value):.3g}" if abs(value) < 1e300 else "a huge number"
        if seen + len(waiting) > _MOST_VALUES:
            return f"more than {_MOST_VALUES} values"
    return ""
