"""Write one mask a case out of those of several raters, on the grid that they drew on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from napari_acs.errors import BadInput, Unwritable
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.labels.write import write_labels
from napari_acs.review.agreement.consensus import majority, staple
from napari_acs.review.session.drafts import draft_of
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.merge import read_labels_of
from napari_acs.review.session.state import DECIDED, REJECTED

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.report.naming import Names
    from napari_acs.review.session.merge import Merged, ReadRow

Method = Literal["staple", "majority"]


@dataclass(frozen=True)
class Written:
    """Consensus masks that were written, by case: file name, and how each was made.

    Attributes
    ----------
    files : mapping of str to str
    records : mapping of str to mapping
        JSON-ready; the reliability of raters by their names in the report.
    left_out : mapping of str to str
        Why a case has none.
    """

    files: Mapping[str, str]
    records: Mapping[str, Mapping[str, Any]]
    left_out: Mapping[str, str]


def write_consensus(
    merged: Merged,
    names: Names,
    folder: Path,
    *,
    method: Method = "staple",
    cancelled: Callable[[], bool] = never,
) -> Written:
    """Write ``CASE_consensus.nii.gz`` of every case that two raters or more have decided.

    The first read of each rater counts; of an item read in two parts the first part. The AI has
    no vote, nor has a mask that was accepted in bulk: nobody has looked at it. Labels are 1 NCR,
    2 ED, 3 ET.

    Parameters
    ----------
    merged : Merged
    names : Names
    folder : Path
        New; all files are written, or none.
    method : {"staple", "majority"}
    cancelled : callable

    Raises
    ------
    BadInput
        The folder is there already or cannot be written, or no case has two masks.
    Cancelled
    """
    files, records, left_out = {}, {}, {}
    with speaking(folder, "cannot be written"), draft_of(folder) as draft:
        taken: set[str] = set()
        for case, rows in _by_case(merged).items():
            stop_if(cancelled)
            called = names.cases[case]
            try:
                made, grid, record = _made(rows, names, method)
                file = draft / f"{_free(called, taken)}_consensus.nii.gz"
                write_labels(file, made, grid)
                records[called], files[called] = record, file.name
            except Unwritable as refusal:  # no other case can be written either
                raise BadInput(
                    f"{folder} cannot be written",
                    found=refusal.found,
                    do="Free some space, or choose another folder; nothing was written",
                ) from refusal
            except BadInput as refusal:  # of a folder that nobody has heard of
                left_out[called] = refusal.sentence().replace(f"{draft}{os.sep}", "")
        if not files:
            why = next(iter(left_out.values()), "no case that is decided")
            raise BadInput("There is no consensus to write", found=why)
        draft.replace(folder)
    return Written(files, records, left_out)


def _by_case(merged: Merged) -> dict[str, list[ReadRow]]:
    found: dict[str, list[ReadRow]] = {}
    for row in merged.reads:
        first = row.read == 1 and row.ai != "after" and not row.bulk
        if first and row.status in DECIDED:
            rows = found.setdefault(row.case, [])
            if row.mask is not None and row.status != REJECTED:
                rows.append(row)
    return found


def _made(
    rows: Sequence[ReadRow], names: Names, method: Method
) -> tuple[NDArray[np.uint8], Grid, Mapping[str, Any]]:
    found = [(row.rater, each) for row in rows if (each := read_labels_of(row)) is not None]
    if len(found) < 2:
        raise BadInput("A consensus needs several masks", found=f"{len(found)}")
    grid = found[0][1][1]
    if any(own.difference(grid) is not None for _, (_, own) in found):
        raise BadInput("The raters drew on different grids", expected="masks on one grid")
    made = (staple if method == "staple" else majority)([labels for _, (labels, _) in found])
    record = made.record()
    raters = [names.raters[rater] for rater, _ in found]
    record["reliability"] = [
        {**each, "rater": raters[each["rater"]]} for each in record["reliability"]
    ]
    return made.labels, grid, {**record, "raters": raters}


def _free(name: str, taken: set[str]) -> str:
    """Return a name as a part of a file's, of no other case; many disks know no capitals."""
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    number, free = 1, plain
    while free.casefold() in taken:
        number += 1
        free = f"{plain}-{number}"
    taken.add(free.casefold())
    return free
