"""Which members of a cross-validated bundle never saw a case, as its ``model.json`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.models.bundle import Bundle
    from napari_acs.models.spec import BundleSpec


def unseen_members(spec: BundleSpec, case: str) -> tuple[int, ...]:
    """Return the members that never saw a case, as numbers from 0.

    ``training.members`` lists for every member of an ensemble, in their order, the cases that it
    never saw, under ``held_out``; a single network has ``training.held_out``. Where
    ``training.patients`` names the patient of cases, a member that saw any other case of the same
    patient has seen this one too. A model that was tuned from another one (``training.parent``)
    never saw what ``training.never_seen`` lists: what it was held out from, and the other one too.

    Parameters
    ----------
    spec : BundleSpec
    case : str
        Name of the case's folder.

    Raises
    ------
    BadInput
        The bundle does not say who saw what, or every member saw the case.
    """
    members = _held_out(spec)
    same = _same_patient(spec, case)
    unseen = tuple(number for number, held_out in enumerate(members) if same <= held_out)
    if not unseen:
        raise BadInput(
            f"{spec.id} cannot be judged on {case} under cross-validation",
            found="every member may have seen it" if len(members) > 1 else "it may have seen it",
            expected=f"a case that its model.json calls held out: {_some(members)}",
            do="Leave this case out (--cases), or leave --cross-validated away and say so",
        )
    return unseen


def flattering(spec: BundleSpec, cases: Sequence[str]) -> str:
    """Return a sentence on cases that the bundle was trained on, as far as it says; else nothing.

    ``training.cases`` names what it was trained on, and ``training.rehearsed`` what a fine-tune
    mixed in. Every case that a fold of an ensemble calls held out was trained on in the other
    folds. A single network that names those alone that it did not see leaves the others unknown,
    and so does one that was tuned from another one.

    Parameters
    ----------
    spec : BundleSpec
    cases : sequence of str
        Names of the cases that all of its networks are to be judged on.
    """
    try:
        members = _held_out(spec)
    except BadInput:
        members = []  # it does not say who saw what
    unseen_by = {case: sum(_same_patient(spec, case) <= m for m in members) for case in cases}
    told = _trained_on(spec)
    seen = [case for case in cases if told and _same_patient(spec, case) & told]
    said = [f"{spec.id} was trained on {_few(seen)}: their figures flatter."] if seen else []
    known = frozenset().union(*members)
    if len(members) > 1:
        some = [c for c in cases if c in known and unseen_by[c] < len(members) and c not in seen]
        if some:
            said.append(
                f"{spec.id} was trained on {_few(some)}, by some of its {len(members)} networks: "
                "their figures flatter. With --cross-validated only those are asked that never "
                "saw a case."
            )
    elif members and (told is None or "parent" in spec.training):
        unknown = [case for case in cases if not unseen_by[case] and case not in seen]
        if unknown:
            said.append(
                f"{spec.id} does not call {_few(unknown)} held out: where it was trained on them, "
                f"their figures flatter (held out: {_few(sorted(known))})."
            )
    return " ".join(said)


def _trained_on(spec: BundleSpec) -> frozenset[str] | None:
    """Return the cases that a bundle says it was trained on; None where it does not say."""
    said: list[Any] = [spec.training.get("cases"), spec.training.get("rehearsed", [])]
    if not all(map(_all_text, said)):
        return None
    return frozenset(name for names in said for name in names)


def unseen(bundle: Bundle, case: str) -> Bundle:
    """Return a bundle that asks only the members that never saw a case.

    Raises
    ------
    BadInput
        As `unseen_members`.
    """
    members = unseen_members(bundle.spec, case)
    return replace(bundle, members=members) if _count(bundle.spec) > 1 else bundle


def _count(spec: BundleSpec) -> int:
    """Return how many networks a bundle holds."""
    members = spec.architecture.arguments.get("members")
    return len(members) if isinstance(members, list | tuple) else 1


def _held_out(spec: BundleSpec) -> list[frozenset[str]]:
    training = spec.training
    if "parent" in training:  # tuned: its own split says nothing of what the parent saw
        never = {"held_out": training.get("never_seen")}
        training = {"members": [never] * _count(spec)}
    said = training.get("members", [training] if "held_out" in training else None)
    wrong = not isinstance(said, list) or len(said) != _count(spec)
    if wrong or not all(_names(member) for member in said or ()):
        what = "training.members, with the names of its held_out cases for each member"
        raise BadInput(
            f"{spec.id} cannot be judged under cross-validation",
            found="no word in its model.json of which member saw which case",
            expected=what if _count(spec) > 1 else "training.held_out, the names of cases",
            do="Evaluate it on cases that it was not trained on, without --cross-validated",
        )
    return [frozenset(member["held_out"]) for member in said or ()]


def _names(member: Any) -> bool:
    names = member.get("held_out") if isinstance(member, Mapping) else None
    return _all_text(names)


def _all_text(names: Any) -> bool:
    return isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)


def _same_patient(spec: BundleSpec, case: str) -> set[str]:
    patients = spec.training.get("patients")
    if not isinstance(patients, Mapping) or case not in patients:
        return {case}
    return {other for other, patient in patients.items() if patient == patients[case]}


def _some(members: list[frozenset[str]]) -> str:
    return _few(sorted(frozenset().union(*members)))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
