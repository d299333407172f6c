"""Who is trained on and who judges: nobody may be on both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.training.checks.content import content_hash, content_key
from napari_acs.training.checks.same_head import same_images
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.same_patient import patient_key


def split_faults(
    cases: Sequence[TrainingCase],
    validation: Collection[str],
    *,
    classes: bool,
    phantoms_only: bool = False,
) -> list[BadInput]:
    """Return what is wrong with a split into training and validation cases.

    Parameters
    ----------
    cases : sequence of TrainingCase
        All that take part.
    validation : collection of str
        Names of those that are not trained on.
    classes : bool
        Whether the cases are to be classified: training then needs two classes.
    phantoms_only : bool
        Whether no case need be left to train on.
    """
    faults = [_absent(name, cases) for name in validation if name not in {c.name for c in cases}]
    apart = [case for case in cases if case.name in validation]
    training = [case for case in cases if case.name not in validation]
    if not training and not phantoms_only:
        faults.append(
            BadInput(
                "No case is left to train on",
                found=f"{len(cases)} cases, {len(apart)} of them for validation",
                do="Shorten the recipe's validation list, or add cases",
            )
        )
    patients: dict[str, list[TrainingCase]] = defaultdict(list)
    for case in training:
        patients[patient_key(case.patient)].append(case)
    faults += [
        _patient_on_both_sides(case, patients[whose])
        for case in apart
        if (whose := patient_key(case.patient)) in patients
    ]
    faults += identical_faults(training, apart)
    if classes:
        faults += _class_faults(cases, training)
    return faults


def identical_faults(
    training: Sequence[TrainingCase], apart: Sequence[TrainingCase]
) -> list[BadInput]:
    """Return a refusal for each case whose image is, byte for byte, one on the other side.

    A gzip file ends with a checksum of its content, so only files that agree there are read.
    """
    by_key: dict[object, list[tuple[TrainingCase, Path]]] = defaultdict(list)
    for case, path in _files(training):
        by_key[content_key(path)].append((case, path))
    found: dict[tuple[str, str], BadInput] = {}
    for case, path in _files(apart):
        for other, twin in by_key.get(content_key(path), ()):
            pair = (case.name, other.name)
            if pair not in found and content_hash(path) == content_hash(twin):
                found[pair] = same_images(case.name, other.name, "the same image, byte for byte")
    return list(found.values())


def _patient_on_both_sides(case: TrainingCase, others: Sequence[TrainingCase]) -> BadInput:
    there = [
        other.name + ("" if other.patient == case.patient else f" (there {other.patient})")
        for other in others
    ]
    return BadInput(
        f"The patient {case.patient} is on both sides of the split",
        found=f"{case.name} for validation, and {', '.join(there)} to train on",
        expected="all cases of a patient on one side",
        do=f"Put {others[0].name} among the validation cases too, or leave it out",
    )


def _absent(name: str, cases: Sequence[TrainingCase]) -> BadInput:
    there = ", ".join(case.name for case in cases[:5])
    return BadInput(
        f"The validation case {name} is not among the cases",
        found=f"{len(cases)} cases ({there}{', ...' if len(cases) > 5 else ''})",
        do="Add its folder with --data, or change the recipe's validation list",
    )


def _class_faults(
    cases: Sequence[TrainingCase], training: Sequence[TrainingCase]
) -> list[BadInput]:
    faults = [
        BadInput(
            f"The case {case.name} has no class",
            expected="a label",
            do="Say it in the column label of a CSV",
        )
        for case in cases
        if not case.label
    ]
    classes: Mapping[str, None] = dict.fromkeys(c.label for c in training if c.label)
    if len(classes) == 1:
        faults.append(
            BadInput(
                "All cases to train on are of one class",
                found=next(iter(classes)),
                expected="two classes or more",
            )
        )
    return faults


def _files(cases: Sequence[TrainingCase]) -> Iterator[tuple[TrainingCase, Path]]:
    for case in cases:
        for path in set(case.sequences.values()):
            if path.is_file():
                yield case, path
