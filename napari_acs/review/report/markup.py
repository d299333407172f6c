"""HTML that is built from elements, so that no text can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"meta", "img", "br", "line", "circle"})
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is HTML already. Made by `element` and `joined` alone."""

    __slots__ = ()


Content = str | int | float | None


def plain(text: str) -> str:
    """Return a text without characters that no file may hold; line breaks stay."""
    return _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def element(tag: str, *children: Content, **attributes: object) -> Markup:
    """Return an element.

    Parameters
    ----------
    tag : str
    *children : str, number or None
        All but `Markup` is escaped; None is left out.
    **attributes
        Of the element; ``class_`` is ``class``, an underscore inside a name is a hyphen, None is
        left out.
    """
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(plain(str(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(
            f"<{tag}{said}>" if tag in {"meta", "img", "br"} else f"<{tag}{said}></{tag}>"
        )
    return Markup(f"<{tag}{said}>{joined(children)}</{tag}>")


def joined(parts: Iterable[Content], between: str = "") -> Markup:
    """Return parts one after the other; all but `Markup` is escaped, None is left out."""
    return Markup(between.join(_said(part) for part in parts if part is not None))


def table(head: Sequence[Content], rows: Iterable[Sequence[Content]], caption: str = "") -> Markup:
    """Return a table; the first cell of each row is its header."""
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", each, class_=_kind(each)) for each in row[1:]),
        )
        for row in rows
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", caption) if caption else None,
            element("thead", element("tr", *(element("th", c, scope="col") for c in head))),
            element("tbody", *body),
        ),
        class_="wide",
    )


def facts(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Return a list of names and what is said of them; those without a word are left out."""
    said = [
        joined((element("dt", name), element("dd", value)))
        for name, value in pairs
        if value is not None and value != ""
    ]
    return element("dl", *said) if said else Markup("")


def lines(text: str) -> Markup:
    """Return text as it was typed, with its line breaks."""
    return element("span", plain(text), class_="typed")


def _kind(value: Content) -> str | None:
    number = isinstance(value, str) and re.fullmatch(r"[-+]?[\d.,]+( ?%)?", value)
    return "number" if number or isinstance(value, int | float) else None


def _said(part: Content) -> str:
    return part if isinstance(part, Markup) else escape(plain(str(part)))
