"""Which corrected cases are trained on and which are held out: patients never cross the split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from napari_acs.errors import BadInput
from napari_acs.inference.reference import named_case
from napari_acs.training.layouts.labelled import AnyCase, place_of
from napari_acs.training.layouts.patients import patient_of
from napari_acs.training.same_patient import patient_key


@dataclass(frozen=True)
class Split:
    """The cases of a fine-tune.

    Attributes
    ----------
    training, held_out : tuple of Path or Labelled
        Corrected cases; the second are never trained on, and judge the result.
    rehearsed : tuple of Path or Labelled
        Other cases that are mixed in, so that the network does not forget them.
    judged : tuple of Path or Labelled
        Cases that the old model was judged on: never trained on either.
    left_out : tuple of str
        Names among the rehearsal that were left out, being of a patient who judges.
    """

    training: tuple[AnyCase, ...]
    held_out: tuple[AnyCase, ...]
    rehearsed: tuple[AnyCase, ...] = ()
    judged: tuple[AnyCase, ...] = ()
    left_out: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return what the split is, with the names of the cases that judge."""
        said = f"Training on {', '.join(case.name for case in self.training)}"
        said += f"; held out: {', '.join(case.name for case in self.held_out)}"
        if self.rehearsed:
            said += f"; rehearsed: {len(self.rehearsed)}"
        if self.left_out:
            said += f" (without {', '.join(self.left_out)}: their patients judge)"
        return f"{said}."


def split_cases(
    corrected: Sequence[AnyCase],
    *,
    named: Sequence[str] = (),
    share: float = 0.3,
    rehearsed: Sequence[AnyCase] = (),
    judged: Sequence[AnyCase] = (),
    apart: Sequence[str] = (),
    patients: Mapping[str, str] = MappingProxyType({}),
    seed: int = 0,
) -> Split:
    """Split corrected cases by patient.

    Parameters
    ----------
    corrected : sequence of Path or Labelled
        Case folders, or cases of another layout.
    named : sequence of str
        Names of the cases to hold out, or their ends; empty: drawn at random.
    share : float
        Of the patients, to hold out where none are named; one at least, and never all.
    rehearsed, judged : sequence of Path
        See `Split`.
    apart : sequence of str
        Names of cases that the old model was judged on, be they given here or not: they are not
        rehearsed.
    patients : mapping of str to str
        The patient of a case, by its name; where it is not said, the name tells, see `patient_of`.
    seed : int
        Of the draw; the same cases are drawn from the same folders.

    Raises
    ------
    BadInput
        If two folders have one name, a named case is unknown, a patient would be on both sides,
        or nothing is left to train on or to hold out.
    """
    _refuse_twice([*corrected, *rehearsed])
    if not 0 < share < 1:
        raise BadInput(
            f"A share of {share:g} cannot be held out",
            expected="more than 0 and less than 1",
            do="Give --keep-out as a part of 1, such as 0.3",
        )

    def spelt(case: str) -> str:
        return (patients.get(case) or patient_of(case)).casefold()

    def whose(case: str) -> str:
        return patient_key(spelt(case))

    # In the order of their names as they are spelt, which earlier versions drew from.
    names = sorted(spelt(case.name) for case in corrected)
    people = list(dict.fromkeys(map(patient_key, names)))
    if len(people) < 2:
        raise BadInput(
            "The corrected cases are too few",
            found=f"{len(corrected)} case(s) of one patient",
            expected="two patients: one to train on, one to judge by",
            do="Correct the mask of another patient, and try again",
        )
    if named:
        held_out = _named(corrected, named)
        out = {whose(case.name) for case in held_out}
        for case in corrected:
            if case not in held_out and whose(case.name) in out:
                raise BadInput(
                    f"{case.name} would be trained on, and its patient judges the result",
                    found=f"patient {whose(case.name)} among the held-out cases",
                    do="Name all cases of this patient with --validation, or none",
                )
    else:
        Random(seed).shuffle(people)
        count = min(max(1, round(share * len(people))), len(people) - 1)
        out = set(people[:count])
        held_out = tuple(case for case in corrected if whose(case.name) in out)
    training = tuple(case for case in corrected if case not in held_out)
    if not training:
        raise BadInput("No corrected case is left to train on", do="Name fewer with --validation")
    away = out | {whose(name) for name in (*apart, *(case.name for case in judged))}
    # What is trained on cannot tell what was forgotten.
    learned = {whose(case.name) for case in training}
    kept = tuple(case for case in rehearsed if whose(case.name) not in away)
    return Split(
        training,
        held_out,
        kept,
        tuple(case for case in judged if case not in held_out and whose(case.name) not in learned),
        tuple(case.name for case in rehearsed if case not in kept),
    )


def _named(corrected: Sequence[AnyCase], named: Sequence[str]) -> tuple[AnyCase, ...]:
    hits = {case.name: case for name in named for case in [named_case("--data", corrected, name)]}
    return tuple(hits.values())


def _refuse_twice(cases: Sequence[AnyCase]) -> None:
    by_name: dict[str, list[AnyCase]] = {}
    for case in cases:  # not all file systems tell capitals apart, and the cache names files so
        by_name.setdefault(case.name.casefold(), []).append(case)
    twice = sorted(name for name, same in by_name.items() if len(same) > 1)
    if twice:
        same = by_name[twice[0]]
        raise BadInput(
            f"Two folders are called {same[0].name}",
            found=", ".join(map(place_of, same)),
            do="Give each case once only, among --data and --rehearse together",
        )
