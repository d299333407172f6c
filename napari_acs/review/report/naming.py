"""What raters, cases and models are called in reports and exports, so that they name nobody."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.review.session.merge import Merged
    from napari_acs.review.session.state import SessionState

AI = "AI"
"""What a model's mask is called among those of raters."""
_PSEUDONYM = re.compile(r"(study|patient)-[0-9a-f]{12}(-\d+)?")
_MOST = 120
_MODEL = ("id", "version", "sha256")
_CLASSIFIED = ("named", "probabilities", "intervals", "prediction_set", "coverage", "abstained")


@dataclass(frozen=True)
class Names:
    """What reports and exports call raters, cases and patients, by what the session calls them."""

    raters: Mapping[str, str]
    cases: Mapping[str, str]
    patients: Mapping[str, str]


def names_of(merged: Merged, *, keep: bool = False) -> Names:
    """Return the names of a report or an export.

    Raters are numbered in the order of their files. A case or patient that the session knows by
    a pseudonym keeps it, so that the report fits the session's exports; one that it knows by a
    name (``review new --keep-names``) is numbered in the session's order.

    Parameters
    ----------
    merged : Merged
    keep : bool
        Call all of them as the session does; but a rater called as the AI is told apart from it.
    """
    return names_in(merged.states, keep=keep)


def names_in(states: Mapping[str, SessionState], *, keep: bool = False) -> Names:
    """Return the names of a session's states, by rater; see `names_of`."""
    cases = next(iter(states.values())).cases
    patients = dict.fromkeys(case.patient for case in cases.values() if case.patient)
    raters = {rater: _called(rater, f"Rater {n}", keep) for n, rater in enumerate(states, 1)}
    if raters.get(AI) == AI:
        raters[AI] = f"{AI} (rater)"
        while list(raters.values()).count(raters[AI]) > 1:
            raters[AI] += "*"
    return Names(
        raters,
        {case: _called(case, f"Case {n}", keep) for n, case in enumerate(cases, 1)},
        {"": "", **{p: _called(p, f"Patient {n}", keep) for n, p in enumerate(patients, 1)}},
    )


def model_facts(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a prediction's making; of its inputs nothing, whose files have names.

    Parameters
    ----------
    provenance : mapping
        As `napari_acs.inference` writes it; whatever is missing is left out.
    """
    model = provenance.get("model")
    facts = _some(model, _MODEL) if isinstance(model, Mapping) else {}
    members = provenance.get("models")
    if isinstance(members, list) and len(members) > 1:
        facts["averaged_with"] = [
            _some(each, _MODEL) for each in members[1:] if isinstance(each, Mapping)
        ]
    software = provenance.get("software")
    if isinstance(software, Mapping):
        facts |= _some(software, ("napari-acs", "torch"))
    return facts | _some(provenance, ("device", "precision", "time_utc"))


def classification_facts(record: Any) -> dict[str, Any]:
    """Return what is told of a classification: classes, probabilities, model; {} for none.

    Parameters
    ----------
    record : mapping
        As ``napari-acs classify --json`` and the Classify panel write it.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("probabilities"), Mapping):
        return {}
    facts: dict[str, Any] = {}
    for key in _CLASSIFIED:
        value = _clean(record.get(key))
        if value is not None and _SHAPES.get(key, _any)(value):
            facts[key] = value
    if "intervals" in facts:  # of a class without one (NaN at the making) there is none
        facts["intervals"] = {n: ends for n, ends in facts["intervals"].items() if _is_pair(ends)}
    provenance = record.get("provenance")
    model = record.get("model")
    for source in (provenance.get("model") if isinstance(provenance, Mapping) else None, model):
        if isinstance(source, Mapping):
            facts["model"] = {**_some(source, _MODEL), **facts.get("model", {})}
    return facts


def _called(name: str, number: str, keep: bool) -> str:
    return name if keep or _PSEUDONYM.fullmatch(name) else number


def _some(record: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: _clean(record[key]) for key in keys if isinstance(record.get(key), str)}


def _clean(value: Any) -> Any:
    """Return plain values; a text that may be a path is withheld, a long one is cut."""
    if isinstance(value, Mapping):
        return {str(_clean(str(key))): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if isinstance(value, str):
        return "(withheld)" if re.search(r"[/\\]", value) else value[:_MOST]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float) else None


def _any(_: Any) -> bool:
    return True


def _is_pair(value: Any) -> bool:
    numbers = isinstance(value, list) and all(isinstance(end, int | float) for end in value)
    return numbers and len(value) == 2


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "named": lambda value: isinstance(value, list) and all(isinstance(n, str) for n in value),
    "intervals": lambda value: isinstance(value, dict),
}
"""What a page can show; a log holds for ever what was once written into it."""
