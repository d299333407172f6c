"""Which sequence a file or a layer holds, by its name."""

from __future__ import annotations

import re
from pathlib import PurePath

SEQUENCES = ("t1", "t1ce", "t2", "flair")
"""The sequences of a study, in the order that is used everywhere."""

TITLES = {"t1": "T1", "t1ce": "T1ce", "t2": "T2", "flair": "FLAIR"}
"""The sequences as they are shown."""

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Files that can be read."""

_CONTRAST = (
    r"(?:ce|c|gd|gad|gado|gadolinium|contrast|contrasted|enhanced|ca|cm|km|pc|pg"
    r"|post|postgad|postgd|postgado|postcontrast|postce|cegd)"
)
_AGENT = re.compile(r"(?:ce|gd|gad|gado|gadolinium|contrast|enhanced|postgad|postgd|postcontrast)")
_TOKENS = {
    "flair": re.compile(r"(?:t2)?w?(?:flair|fla|flr)(?:w|3d|2d)?|(?:ax|sag|cor|3d)flair|t2f"),
    "t1ce": re.compile(rf"t1w?{_CONTRAST}\d?|{_CONTRAST}t1w?"),
    "t1": re.compile(r"t1(?:w|wi|n|native|pre|weighted|mprage|mpr|se|tse|fse|spgr)?|mprage|mpr"),
    "t2": re.compile(r"t2(?:w|wi|weighted|se|tse|fse)?"),
}
_MASK = re.compile(
    r"(?:.*(?:seg|segm|segmentation|mask|label|labels|labelmap|roi|rois)"
    r"|gt|groundtruth|truth|ot|otmulticlass|annotation|tumou?r|lesion)\d*"
)
_OTHER = re.compile(
    r"map|adc|dwi|dti|swi|dsc|dce|perf|pwi|cbv|cbf|mtt|asl|bold|pd|t2s(?:tar)?|phase"
)
_MOVED = frozenset(("to", "reg", "registered", "coreg", "onto"))


def strip_suffix(name: str) -> str:
    """Return a file's name without folder and image suffix; case kept."""
    base = PurePath(name).name if not name.endswith(("/", "\\")) else name
    for suffix in SUFFIXES:
        if base.lower().endswith(suffix):
            return base[: -len(suffix)]
    return base


def is_image_name(name: str) -> bool:
    """Tell whether a name ends as a readable image does (and is no hidden file)."""
    base = PurePath(name).name
    return base.lower().endswith(SUFFIXES) and not base.startswith(".")


def is_mask_name(name: str) -> bool:
    """Tell whether a file's or layer's name says that it holds a mask, not an image."""
    return any(map(is_mask_word, _split(name)))


def guess_sequence(name: str) -> str | None:
    """Guess which sequence a file or a layer holds.

    Knows the dialects of BraTS 2012-2024 (``_t1ce``, ``MR_T1c``, ``-t1c``, ``-t1n``, ``-t2f``,
    ``_fla``), of TCIA (``T1_AX_POST_GAD``), BIDS (``ce-gadolinium_T1w``) and of plain speech
    (``T1+C``, ``t1 post contrast``, ``T2 FLAIR``).

    Returns
    -------
    str or None
        One of `SEQUENCES`; None when the name says nothing, says two different things, or
        is that of a mask or of another kind of image (ADC, T2*, a T1 map).
    """
    if is_mask_name(name) or re.search(r"t2\s*\*", name, re.IGNORECASE):
        return None
    tokens = _split(name)
    if any(map(_OTHER.fullmatch, tokens)):
        return None
    said = [sequence_of_word(token) for token in tokens]
    # "t2_to_t1" is a T2 that was moved to the T1's grid; "P1_reg_t1" is a T1.
    moved = (i for i, token in enumerate(tokens) if token in _MOVED and any(said[:i]))
    end = next(moved, len(tokens))
    tokens, said = tokens[:end], said[:end]
    found = set(filter(None, said))
    if "flair" in found:
        found.discard("t2")  # "T2 FLAIR", "T2_FLAIR_AX"
    if "t1" in found and _has_contrast(tokens, said.index("t1")):
        found.add("t1ce")
    if "t1ce" in found:
        found.discard("t1")  # "T1_AX_POST_GAD_t1c"
    return found.pop() if len(found) == 1 else None


def _split(name: str) -> list[str]:
    stem = re.sub(r"space-[a-z0-9]+", " ", strip_suffix(name).lower())
    return re.findall(r"[a-z0-9]+", stem)


def sequence_of_word(word: str) -> str | None:
    """Return the sequence that one word of a name says, in lower case."""
    return next((key for key, pattern in _TOKENS.items() if pattern.fullmatch(word)), None)


def is_mask_word(word: str) -> bool:
    """Tell whether one word of a name, in lower case, says that it is of a mask."""
    return _MASK.fullmatch(word) is not None


def is_agent(word: str) -> bool:
    """Tell whether one word of a name, in lower case, says that contrast agent was given."""
    return _AGENT.fullmatch(word) is not None


def _has_contrast(tokens: list[str], at: int) -> bool:
    """Tell whether words around ``tokens[at]`` (a T1) say that contrast agent was given.

    "Post" before T1 counts only right before it: ``Post_Scan_T1`` is a scan after treatment.
    """
    if {"pre", "precontrast", "without", "native", "no", "non"}.intersection(tokens[at:]):
        return False
    after = tokens[at + 1 :]
    return (
        "post" in after
        or (bool(after) and after[0] in {"c", "pc", "km", "cm"})
        or (at > 0 and tokens[at - 1] == "post")
        or any(map(is_agent, tokens))
    )
