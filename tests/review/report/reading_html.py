"""Read a report back with html.parser: balanced tags, tables, pictures."""

from __future__ import annotations

import io
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
from PIL import Image

_VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What is in a page; `close` fails where a tag is left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.pictures: list[np.ndarray] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "img":
            kind, _, data = given["src"].partition(",")
            assert kind == "data:image/png;base64"
            picture = Image.open(io.BytesIO(b64decode(data)))
            self.pictures.append(np.asarray(picture.convert("RGB")))
            assert picture.size == (int(given["width"]), int(given["height"]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> of nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def row(self, *start: str) -> list[str]:
        """Return the only row that starts so."""
        (found,) = [row for row in self.rows if row[: len(start)] == list(start)]
        return found


def colours(picture: np.ndarray, hexadecimal: str) -> np.ndarray:
    """Return where a picture (rows, columns, 3) has a colour."""
    return (picture == np.frombuffer(bytes.fromhex(hexadecimal[1:]), np.uint8)).all(-1)
