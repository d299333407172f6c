"""What a file's or layer's name says of its sequence."""

from __future__ import annotations

from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.identify.words import what_text_says


def from_name(name: str) -> SequenceGuess | None:
    """Guess a sequence from a name.

    Parameters
    ----------
    name : str
        Of a file (folder and suffix do not matter) or of a layer.

    Returns
    -------
    SequenceGuess or None
        None where the name says nothing, or two different things. The guess's sequence is
        None where the name says that this is no sequence of a study: a mask, diffusion ...
    """
    said = what_text_says(name)
    if said is None:
        return None
    if said.sequence is None:
        return SequenceGuess(None, 0.85, f"the name says {said.what}", "name")
    return SequenceGuess(
        said.sequence, 0.9 if said.sure else 0.6, f"the name says {said.what}", "name"
    )
