"""How it is said that one head is on both sides of a split."""

from __future__ import annotations

from napari_acs.errors import BadInput


def same_images(validation: str, training: str, found: str) -> BadInput:
    """Return the refusal of two cases on both sides of a split that show one head."""
    return BadInput(
        f"The validation case {validation} is trained on as {training}",
        found=found,
        expected="a patient on one side of the split only",
        do="Leave one of the two out, or put both on one side",
    )
