"""From what a network's output channels mean to nested regions and label classes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, Literal

from napari_acs.errors import BadInput
from napari_acs.models.spec import GLIOMA_OUTPUT

NCR, ED, ET = "NCR", "ED", "ET"
Meaning = frozenset[str]
"""The tissues of one channel; empty for the background."""

_TISSUES: Final = frozenset({NCR, ED, ET})
_GLIOMA: Final[dict[str, Meaning]] = {
    "WT": _TISSUES,
    "TC": frozenset({NCR, ET}),
    "ET": frozenset({ET}),
}
_COLORS: Final = ("#00a08a", "#d62728", "#ffd400", "#1f77b4", "#9467bd", "#8c564b")


def output_of(
    meanings: Sequence[Meaning], activation: Literal["sigmoid", "softmax"], source: str
) -> dict[str, Any]:
    """Return the ``output`` part of a ``model.json``.

    Parameters
    ----------
    meanings : sequence of frozenset of str
        What each channel of the network's output stands for.
    activation : {"sigmoid", "softmax"}
        With softmax the channels are classes that exclude each other, and add up to regions. With
        sigmoid every channel is a region.
    source : str
        What a refusal calls the model.

    Raises
    ------
    BadInput
        If no nested regions can be made of them.
    """
    inside = {place: meaning for place, meaning in enumerate(meanings) if meaning}
    tissues = frozenset().union(*inside.values()) if inside else frozenset()
    if activation == "softmax":
        single = all(len(meaning) == 1 for meaning in inside.values())
        if len(inside) != len(meanings) - 1 or not single or len(tissues) != len(inside):
            raise _refused(source, meanings, "softmax over a background and classes of one label")
        if tissues == _TISSUES:
            wanted = _GLIOMA
        elif len(tissues) == 1:
            wanted = {next(iter(tissues)): tissues}
        else:
            raise _refused(source, meanings, "NCR, ED and ET, or one class")
        found = {
            name: tuple(p for p, meaning in inside.items() if meaning <= region)
            for name, region in wanted.items()
        }
        return _output(wanted, found, activation, len(meanings))
    ordered = sorted(inside.items(), key=lambda item: -len(item[1]))
    for (_, outer), (_, inner) in pairwise(ordered):
        if not inner < outer:
            raise _refused(
                source,
                meanings,
                "nested regions: scores that are each on their own do not add up to a region",
            )
    if not ordered:
        raise _refused(source, meanings, "one region at least")
    names = {meaning: name for name, meaning in _GLIOMA.items()}
    wanted, found = {}, {}
    for place, meaning in ordered:
        name = names.get(meaning, "+".join(sorted(meaning)))
        wanted[name], found[name] = meaning, (place,)
    return _output(wanted, found, activation, len(meanings))


def _output(
    wanted: dict[str, Meaning],
    channels: dict[str, tuple[int, ...]],
    activation: str,
    count: int,
) -> dict[str, Any]:
    if list(wanted) == list(_GLIOMA):
        fields = GLIOMA_OUTPUT.model_dump()
        for region in fields["regions"]:
            region["channels"] = channels[region["name"]]
    else:
        regions, labels = [], []
        for value, name in enumerate(wanted, 1):
            title = {"WT": "whole tumour", "TC": "tumour core", "ET": "enhancing tumour"}
            common = {"name": name, "title": title.get(name, name)}
            regions.append({**common, "label": value, "channels": channels[name]})
            color = _COLORS[(value - 1) % len(_COLORS)]
            labels.append({**common, "value": value, "color": color})
        fields = {"regions": regions, "labels": labels}
    return fields | {"activation": activation, "channels": count}


def _refused(source: str, meanings: Sequence[Meaning], expected: str) -> BadInput:
    shown = ", ".join("+".join(sorted(m)) or "background" for m in meanings)
    return BadInput(
        f"no nested regions can be made of the output of {source}", found=shown, expected=expected
    )
