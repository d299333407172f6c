"""Splits into training and validation cases, by patient.

scikit-learn's StratifiedGroupKFold keeps the cases of a patient together and the strata even; what
is ours is what a patient is and what a stratum is.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.training.alike import Alike
from napari_acs.training.arrays import read_arrays
from napari_acs.training.cases import Case
from napari_acs.training.same_patient import patient_key

_ENHANCING = 3


@dataclass(frozen=True)
class Subject:
    """What a split needs to know of a case.

    Attributes
    ----------
    name, patient : str
        The case's, and whose it is.
    label : str
        Its class, or nothing.
    tumour_ml : float
        Volume of WT.
    enhances : bool
        Whether there is ET.
    """

    name: str
    patient: str
    label: str = ""
    tumour_ml: float = 0.0
    enhances: bool = False


class CaseLike(Protocol):
    """A case of a data set, or of a cache."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def patient(self) -> str:
        """Whose it is."""
        ...

    @property
    def label(self) -> str | None:
        """Its class, if it has one."""
        ...


@dataclass(frozen=True)
class Split:
    """Names of the cases on each side, in the order in which they were given."""

    training: tuple[str, ...]
    validation: tuple[str, ...]


def subjects_of(cases: Iterable[Case]) -> list[Subject]:
    """Return prepared cases as a split sees them; one without patient is a patient of its own."""
    return [
        Subject(
            case.name,
            case.patient or case.name,
            case.label,
            int((case.labels > 0).sum()) * case.spacing_mm**3 / 1000,
            bool((case.labels == _ENHANCING).any()),
        )
        for case in cases
    ]


def validation_names(
    cases: Iterable[CaseLike], folds: int, fold: int, seed: int = 0
) -> tuple[str, ...]:
    """Return the cases that judge in one of several folds, before anything is prepared.

    Parameters
    ----------
    cases : iterable
        With ``name``, ``patient`` and ``label``: folds are even in the class, where all have one.
    folds, fold : int
        How many, and which, from 1.
    seed : int

    Raises
    ------
    BadInput
        There is no such fold, or see `k_folds`.
    """
    if not 1 <= fold <= folds:
        raise BadInput(
            "There is no such fold", found=f"{fold} of {folds}", expected=f"1 to {folds}"
        )
    subjects = [Subject(c.name, c.patient or c.name, c.label or "") for c in cases]
    return k_folds(subjects, folds, seed)[fold - 1].validation


def cached_subjects(cache: Path) -> list[Subject]:
    """Return what a prepared cache says of its cases, but of their tumours; no image is read.

    Raises
    ------
    BadInput
        It holds none, or a damaged one.
    """
    subjects = []
    files = sorted(cache.glob("*.npz"))
    if not files:
        raise BadInput(
            f"{cache} holds no prepared case to make folds of",
            found="no such folder" if not cache.exists() else "" if cache.is_dir() else "a file",
            do="Name the folder of the cases with --data, or a prepared one with --cache",
        )
    for file in files:
        with read_arrays(file) as data:
            said = {key: str(data[key]) for key in ("patient", "label") if key in data}
        subjects.append(Subject(file.stem, said.get("patient", ""), said.get("label", "")))
    return subjects


def k_folds(
    subjects: Sequence[Subject], folds: int, seed: int = 0, alike: Iterable[Alike] = ()
) -> tuple[Split, ...]:
    """Split cases so that each is judged once, and no patient is on both sides of any split.

    Folds are even in the class where all cases have one, else in the presence of ET and the
    volume of the tumour (small or large, by the median), as far as whole patients allow.

    Parameters
    ----------
    subjects : sequence of Subject
    folds : int
        How many, 2 or more.
    seed : int
        The same seed gives the same folds, whatever the order of the cases.
    alike : iterable of Alike
        Pairs that are one patient under two names.

    Raises
    ------
    BadInput
        There are fewer patients than folds, two cases have one name, or scikit-learn is not
        installed.
    """
    try:
        from sklearn.model_selection import GroupKFold, StratifiedGroupKFold  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(
            "Folds are made by scikit-learn, which is not installed",
            do="Install it with: pip install 'napari-acs[train]'",
        ) from error
    ordered = sorted(subjects, key=lambda subject: subject.name)
    _check(ordered, folds)
    groups = patients_of(ordered, alike)
    if len(set(groups)) < folds:
        raise BadInput(
            f"{folds} folds cannot be made",
            found=f"{len(set(groups))} patients in {len(ordered)} cases",
            expected="at least one patient a fold",
            do="Ask for fewer folds, or add patients",
        )
    strata = _strata(ordered)
    judged: list[NDArray[np.intp]] = []
    if max(Counter(strata).values()) >= folds:
        with warnings.catch_warnings():
            # A stratum of fewer cases than folds cannot be in all of them; that is no news.
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            judged = _judged(StratifiedGroupKFold, folds, seed, strata, groups)
    if len(judged) != folds or any(fold.size == 0 for fold in judged):
        judged = _judged(GroupKFold, folds, seed, strata, groups)
    names = [subject.name for subject in subjects]
    splits = []
    for fold in judged:
        apart = {ordered[index].name for index in fold}
        splits.append(
            Split(
                tuple(name for name in names if name not in apart),
                tuple(name for name in names if name in apart),
            )
        )
    return tuple(splits)


def hold_out(
    subjects: Sequence[Subject], share: float = 0.2, seed: int = 0, alike: Iterable[Alike] = ()
) -> Split:
    """Keep about a share of the cases (at most half) for validation; see `k_folds`."""
    if not 0 < share <= 0.5:
        raise BadInput("The share for validation", found=f"{share:g}", expected="0 to 0.5")
    return k_folds(subjects, round(1 / share), seed, alike)[0]


def _check(subjects: Sequence[Subject], folds: int) -> None:
    if folds < 2:
        raise BadInput("A cross-validation", found=f"{folds} folds", expected="2 or more")
    counts = Counter(subject.name for subject in subjects)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise BadInput(f"Two cases are called {twice[0]}", do="Give each case once only")


def _judged(
    kind: type[Any], folds: int, seed: int, strata: Sequence[str], groups: Sequence[str]
) -> list[NDArray[np.intp]]:
    splitter = kind(n_splits=folds, shuffle=True, random_state=seed)
    return [judged for _, judged in splitter.split(groups, strata, groups)]


def patients_of(subjects: Sequence[Subject], alike: Iterable[Alike]) -> list[str]:
    """Return each case's patient, one for all that are alike (or are spelt in two ways)."""
    spelt: dict[str, str] = {}
    patient = {s.name: spelt.setdefault(patient_key(s.patient), s.patient) for s in subjects}
    first: dict[str, str] = {}

    def root(name: str) -> str:
        while name in first:
            name = first[name]
        return name

    for pair in alike:
        if pair.first in patient and pair.second in patient:
            a, b = sorted((root(patient[pair.first]), root(patient[pair.second])))
            if a != b:
                first[b] = a
    return [root(patient[subject.name]) for subject in subjects]


def _strata(subjects: Sequence[Subject]) -> list[str]:
    if all(subject.label for subject in subjects):
        return [subject.label for subject in subjects]
    median = float(np.median([subject.tumour_ml for subject in subjects]))
    return [
        f"{'ET' if subject.enhances else 'no ET'}, "
        f"{'large' if subject.tumour_ml > median else 'small'}"
        for subject in subjects
    ]
