"""BIDS with derivatives, as cases to train on; `imaging.bids` tells the files by their names."""

from __future__ import annotations

from pathlib import Path

from napari_acs.imaging.bids import BidsFile, find_bids, is_bids, label_names, read_tsv
from napari_acs.inference.label_scheme import LabelScheme, scheme_of_names
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.patients import patient_of

__all__ = ["is_bids", "read_bids"]


def read_bids(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases of a BIDS data set; see `napari_acs.imaging.bids.find_bids`.

    The names of the labels are taken from the ``dseg.tsv`` that BIDS wants beside a mask; ``site``
    and ``label`` from ``participants.tsv``.

    Raises
    ------
    BadInput
        Two masks of a session, two images for one sequence, or labels that are not clear.
    """
    people = _participants(root / "participants.tsv")
    cases = []
    for study in find_bids(root):
        person = people.get(study.subject, {})
        cases.append(
            TrainingCase(
                study.name,
                patient_of(study.name, pattern) if pattern else study.subject,
                root,
                sequences=study.sequences,
                mask=study.mask.path if study.mask else None,
                scheme=_scheme(study.mask, root) if study.mask else None,
                site=person.get("site", ""),
                label=person.get("label") or None,
            )
        )
    return tuple(cases)


def _scheme(mask: BidsFile, root: Path) -> LabelScheme | None:
    named = label_names(mask, root)
    return None if named is None else scheme_of_names(named.names, str(named.table))


def _participants(table: Path) -> dict[str, dict[str, str]]:
    rows = read_tsv(table) if table.is_file() else []
    return {row.get("participant_id", ""): row for row in rows}
