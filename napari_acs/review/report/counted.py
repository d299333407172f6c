"""What an agreement does not count, and what it counts for masks without a region: in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_acs.imaging.metrics import WORST_HD95_MM
from napari_acs.review.session.state import DECIDED, REJECTED

if TYPE_CHECKING:
    from napari_acs.review.agreement.overlap import Overlap
    from napari_acs.review.session.merge import ReadRow


def left_out(reads: Sequence[ReadRow]) -> list[str]:
    """Say which reads are not compared; a second part of a read is none of its own."""
    own = [row for row in reads if row.ai != "after"]
    decided = [row for row in own if row.status in DECIDED]
    bulk = sum(bool(row.bulk) for row in decided)
    rejected = sum(row.status == REJECTED for row in decided if not row.bulk)
    said = []
    if bulk:
        said.append(f"{bulk} read(s) accepted in bulk, without a look, are left out.")
    if len(decided) < len(own):
        said.append(
            f"{len(own) - len(decided)} of {len(own)} reads are left out: not decided yet, or in "
            "need of a second read."
        )
    if rejected:
        said.append(
            f"{rejected} read(s) rejected the mask: they count as decisions, their masks do not."
        )
    return said


def empty_regions(found: Sequence[Overlap]) -> list[str]:
    """Say how often a region was empty in one mask or in both, and what that counts as."""
    volumes = [(each.first_ml, each.second_ml) for each in found]
    both = sum(first == second == 0 for first, second in volumes)
    one = sum((first == 0) != (second == 0) for first, second in volumes)
    said = []
    if both:
        said.append(
            f"{both} of {len(found)} comparisons are of a region that neither mask has: they count "
            "as Dice 1 and HD95 0 mm, as in BraTS."
        )
    if one:
        said.append(
            f"{one} of {len(found)} comparisons are of a region that one mask alone has: they "
            f"count as Dice 0 and HD95 {WORST_HD95_MM:.1f} mm, as in BraTS."
        )
    return said
