"""The one exception that means "the input was refused, and here is what to do"."""

from __future__ import annotations

import re


class BadInput(ValueError):
    """Input that was looked at and refused; nothing was written or changed.

    Every part is a fragment of a sentence for the person who chose the input. The panel shows
    it, and the command line prints it and exits with 2.

    Parameters
    ----------
    what : str
        The file, layer or option at fault, by name, and what is wrong with it.
    found : str
        What was found there.
    expected : str
        What was expected instead.
    do : str
        What the user can do about it.
    """

    def __init__(self, what: str, *, found: str = "", expected: str = "", do: str = "") -> None:
        self.what = what.rstrip(". ")
        self.found = found.rstrip(". ")
        self.expected = expected.rstrip(". ")
        self.do = do.rstrip(". ")
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return the refusal as plain sentences: what, found, expected, what to do."""
        facts = [f"found {self.found}"] if self.found else []
        facts += [f"expected {self.expected}"] if self.expected else []
        first = f"{self.what}: {'; '.join(facts)}." if facts else f"{self.what}."
        return _printable(f"{first} {self.do}." if self.do else first)


class Unwritable(BadInput):
    """A file could not be written where others of a set go too: they would fail as it did."""


def lack_of_memory(what: str) -> BadInput:
    """Return the refusal of work that main memory is too small for now; the input is sound.

    Parameters
    ----------
    what : str
        What was not done, with the name of what it was to be done with.
    """
    return BadInput(
        what,
        found="not enough memory left for it",
        do="Close other programs or images, and try again",
    )


def _printable(text: str) -> str:
    """Return a text that every screen and file takes: bytes of a path that are no text in hex."""
    return re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte.group()) - 0xDC00:02x}", text)
