"""HTML that is built from elements, so that no text can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from napari_acs.review.cells import plain

_VOID = frozenset({"meta", "img", "br", "line", "circle"})


class Markup(str):
    """Text that is HTML already. Made by `element` and `joined` alone."""

    __slots__ = ()


Content = str | int | float | None


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
    """Return a table; the first cell of each row is its header, columns without a value go."""
    cells = [list(row) for row in rows]
    empty = {at for at in range(len(head)) if not any(row[at] not in (None, "") for row in cells)}
    numbers = {
        at
        for at in range(1, len(head))
        if all(row[at] in (None, "") or _is_number(row[at]) for row in cells)
    }

    def line(row: Sequence[Content], tag: str, scope: str) -> Markup:
        return element(
            "tr",
            *(
                element(
                    tag if at else "th",
                    each,
                    scope=scope if tag == "th" or not at else None,
                    class_="number" if at in numbers else None,
                )
                for at, each in enumerate(row)
                if at not in empty
            ),
        )

    return element(
        "div",
        element(
            "table",
            element("caption", caption) if caption else None,
            element("thead", line(head, "th", "col")),
            element("tbody", *(line(row, "td", "row") for row in cells)),
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
    return element("span", plain(text), class_="typed") if text else Markup("")


def _is_number(value: Content) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[-+]?[\d.,]+( ?%)?", value) is not None
    return isinstance(value, int | float)


def _said(part: Content) -> str:
    return part if isinstance(part, Markup) else escape(plain(str(part)))
