"""Every case has a name of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from napari_acs.errors import BadInput
from napari_acs.training.checks.together import refuse
from napari_acs.training.layouts.case import TrainingCase


def name_faults(cases: Sequence[TrainingCase]) -> list[BadInput]:
    """Return a refusal for each name that several cases bear (upper and lower case are one)."""
    by_name: dict[str, list[TrainingCase]] = defaultdict(list)
    for case in cases:
        by_name[case.name.casefold()].append(case)
    return [
        BadInput(
            f"{len(same)} cases are called {same[0].name}",
            found=", ".join(str(case.folder or case.root) for case in same),
            do="Give each case once only, or rename one",
        )
        for same in by_name.values()
        if len(same) > 1
    ]


def check_names(cases: Sequence[TrainingCase]) -> None:
    """Refuse names that several cases bear.

    Raises
    ------
    BadInput
        There are some.
    """
    refuse(name_faults(cases))
