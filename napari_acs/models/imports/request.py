"""What a user asks for when they bring a network, and what every kind of import needs of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from napari_acs.errors import BadInput

KINDS: Final = ("torchvision", "gandlf", "acsconv", "run", "monai")

_SPELLINGS: Final = {
    "t1": ("t1", "t1w", "t1n", "t1native"),
    "t1ce": ("t1ce", "t1c", "t1gd", "t1post", "t1wce", "t1cet1", "t1contrast"),
    "t2": ("t2", "t2w"),
    "flair": ("flair", "t2flair", "t2f", "fla"),
}


@dataclass(frozen=True)
class Request:
    """One import.

    Attributes
    ----------
    source : Path
        The file or folder; of official weights, ``torchvision:NAME``.
    config : Path or None
        GaNDLF's YAML, or a training recipe, where it does not lie beside the weights.
    channels : tuple of str
        Sequences in the order of the network's input; empty where the user named none.
    classes : tuple of str
        What the network's labels mean, in their order without the background, as ``NCR``, ``ED``
        and ``ET``; empty where the user named none.
    id, title : str or None
        Of the bundle.
    """

    source: Path
    config: Path | None = None
    channels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    id: str | None = None
    title: str | None = None


def sequence_of(name: str) -> str | None:
    """Return the sequence (``t1``, ``t1ce``, ``t2``, ``flair``) that a channel's name means."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((seq for seq, known in _SPELLINGS.items() if plain in known), None)


def sequences_of(request: Request, count: int, stated: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the sequences of a network's channels: those the user named, else those stated.

    Parameters
    ----------
    request : Request
    count : int
        Channels that the network has.
    stated : tuple of str
        What the source says they are, in any spelling.

    Raises
    ------
    BadInput
        If nobody names them, one is unknown or named twice, or their number is another.
    """
    names = request.channels or stated
    if not names:
        raise BadInput(
            f"{request.source} does not say which sequence each of its {count} channels is",
            do="Name them in the order of its training, such as --channels t1,t1ce,t2,flair",
        )
    found = tuple(sequence_of(name) for name in names)
    if None in found or len(set(found)) != len(found):
        raise BadInput(
            f"the channels of {request.source} are not clear",
            found=", ".join(names),
            expected="each of t1, t1ce, t2 and flair once at most",
            do="Name them with --channels",
        )
    if len(found) != count:
        raise BadInput(
            f"{request.source} has another number of channels",
            found=f"{count} in its first layer",
            expected=f"{len(found)}: {', '.join(names)}",
            do="Name them with --channels",
        )
    return tuple(name for name in found if name is not None)


def identifier(request: Request, stem: str) -> str:
    """Return the bundle's id: the user's, else one made of a file's name.

    Raises
    ------
    BadInput
        If the user's is not made of a-z, 0-9, dots, dashes and underscores.
    """
    if request.id is None:
        return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._") or "imported"
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", request.id):
        raise BadInput(
            f"the id {request.id!r} cannot be used", expected="a-z, 0-9, '.', '_' and '-'"
        )
    return request.id
