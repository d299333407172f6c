"""What a DICOM header says of a series' sequence."""

from __future__ import annotations

import re
from dataclasses import replace

from napari_acs.imaging.dicom.origin import AcquisitionTags
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.identify.physics import Weighting, weighting
from napari_acs.imaging.identify.words import Said, what_text_says
from napari_acs.imaging.names import TITLES

_NO_SOURCE = {"ADC", "TRACEW", "DIFFUSION", "PHASE", "PHASE MAP", "FA", "PROJECTION IMAGE"}
_NO_SOURCE |= {"SUBTRACTION", "LOCALIZER", "MIN IP", "MINIP", "MIP", "P"}
_T1_FLAIR = re.compile(r"\b(t1w?)[\s_-]*flair", re.IGNORECASE)
_NO_AGENT = {"", "NO", "NONE", "N", "0", "NO CONTRAST", "WITHOUT", "N/A", "NA", "-"}


def from_tags(tags: AcquisitionTags) -> SequenceGuess | None:
    """Guess a sequence from SeriesDescription, ProtocolName, timing and contrast agent.

    The description is what the radiographer meant, the timing what the scanner did; where the
    two disagree the guess follows the description, with little confidence. The contrast agent's
    tag is often empty or left over from another series, so "pre" or "without" beats it.

    Returns
    -------
    SequenceGuess or None
        None where the header says nothing of use. The guess's sequence is None where it says
        that this is another kind of image: CT, diffusion, an angiogram ...
    """
    if tags.modality and tags.modality != "MR":
        return SequenceGuess(None, 0.95, f"the modality is {tags.modality}, not MR", "tags")
    kinds = _NO_SOURCE.intersection(tags.image_type)
    if kinds:
        return SequenceGuess(None, 0.9, f"the image type says {min(kinds).lower()}", "tags")
    said, where = _said(tags)
    timed = weighting(tags)
    if said is None:
        return _by_timing(timed, tags)
    reason = f"the {where} says {said.what}"
    if said.sequence is None:
        return SequenceGuess(None, 0.9, reason, "tags")
    return _checked(said, reason, timed, tags)


def _said(tags: AcquisitionTags) -> tuple[Said | None, str]:
    for text, where in ((tags.description, "series description"), (tags.protocol, "protocol")):
        # T1 FLAIR nulls fluid at a short TR: its contrast is that of a T1.
        plain = _T1_FLAIR.sub(r"\1 ", text)
        said = what_text_says(plain)
        if said is not None:
            return replace(said, sure=said.sure and plain == text), where
    return None, ""


def _checked(
    said: Said, reason: str, timed: Weighting | None, tags: AcquisitionTags
) -> SequenceGuess:
    """Hold what the description says against the timing and the contrast agent."""
    sequence, confidence = said.sequence, 0.9 if said.sure else 0.65
    if timed is not None:
        if timed.kind == {"t1ce": "t1"}.get(sequence or "", sequence):
            confidence = 0.95 if said.sure else 0.8
            reason += f"; {timed.timing}"
        else:
            kind = TITLES.get(timed.kind, timed.kind)
            confidence, reason = 0.45, f"{reason}, but {timed.timing} are those of {kind}"
    agent = _agent(tags)
    if sequence == "t1" and agent and said.unenhanced:
        confidence = min(confidence, 0.75)
        reason += f"; a contrast agent is named ({agent}), perhaps left over from another series"
    elif sequence == "t1" and agent:
        sequence, confidence = "t1ce", min(confidence, 0.75)
        reason += f"; a contrast agent is named ({agent})"
    elif sequence == "t1ce" and agent:
        reason += f"; contrast agent {agent}"
    return SequenceGuess(sequence, confidence, reason, "tags")


def _by_timing(timed: Weighting | None, tags: AcquisitionTags) -> SequenceGuess | None:
    if timed is None:
        return None
    if not timed.known:
        reason = f"the acquisition is that of {timed.kind}"
        return SequenceGuess(None, 0.7, reason + f" ({timed.timing})" * bool(timed.timing), "tags")
    agent = _agent(tags)
    if timed.kind == "t1" and agent:
        reason = f"{timed.timing} are those of T1; a contrast agent is named ({agent})"
        return SequenceGuess("t1ce", 0.65, reason, "tags")
    reason = f"{timed.timing} are those of {TITLES[timed.kind]}"
    if timed.kind == "t1":
        reason += "; no contrast agent is named, which proves little"
        return SequenceGuess("t1", 0.55, reason, "tags")
    return SequenceGuess(timed.kind, 0.8, reason, "tags")


def _agent(tags: AcquisitionTags) -> str:
    agent = (tags.contrast_agent or "").strip()
    return "" if agent.upper() in _NO_AGENT else agent
