"""The words of names and series descriptions, in the dialects of scanners and archives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from napari_acs.imaging.names import TITLES, guess_sequence, is_mask_name


@dataclass(frozen=True)
class Said:
    """What a text says.

    Attributes
    ----------
    sequence : str or None
        One of `SEQUENCES`, or None for another kind of image.
    what : str
        As the user reads it: "T2", "diffusion", "a mask".
    sure : bool
        False for words that are used for more than one thing.
    unenhanced : bool
        Whether the text says that no contrast agent was given.
    """

    sequence: str | None
    what: str
    sure: bool = True
    unenhanced: bool = False


_OTHER_KINDS = (
    ("diffusion", r"dwi|diff\w*|dti|trace\w*|adc|eadc|hardi|tensor|colfa|resolve|ivim|noddi"),
    ("a localizer", r"survey|locali[sz]er|scout|3plane|aahead|aascout"),
    ("susceptibility or T2*", r"swi|swan|swip|venobold|t2star|t2s|hemo|haemo|medic|qsm|swim"),
    ("an angiogram", r"tof|angio\w*|mra|mrv|cemra|pcmra|venogram|inhance"),
    ("perfusion", r"perf\w*|dsc|dce|asl|pcasl|pwi|cbv|cbf|mtt|ttp|rcbv|tmax|permeability"),
    ("functional MRI", r"bold|fmri|rsfmri|resting"),
    ("a map of a quantity", r"maps?|[tr][12]map|phase"),
    ("proton density", r"pd|pdw|protondensity"),
    ("a subtraction or projection", r"subtraction|subtract|mip|minip|projection"),
    ("fat suppressed (STIR)", r"stir"),
    ("a calibration scan", r"calibration|asset|b1map|fieldmap|shim|fmap"),
    ("spectroscopy", r"mrs|spectro\w*|svs|csi"),
)
_T1_PROTOCOLS = re.compile(
    r"bravo|mprage\w*|mpr|f?spgr|efgre\w*|mp2rage|vibe|lava|thrive|tfl3d|3dtfe|[sw]?t1\w{0,12}"
)
_CONTRAST = re.compile(
    r"c|ce|gd|gad|gado\w*|km|cm|contrast|post|post(?:c|gd|gad|gado|contrast)|enhanced"
)
_WITHOUT = re.compile(
    r"pre|precontrast|pregad|pregd|without|wo|unenhanced|native|nativ|noncontrast|nc"
)
_MINUS = re.compile(
    r"\bw/o\b|(?<=[\s(])-c\b|\bc-(?=\s|\)|$)|\bnon?\W*(?:contrast|gad|gd|ce|c|km)\b"
)
_OCCASIONS = {"scan", "op", "surgery", "treatment", "therapy", "rt", "radiation"}
_NOT_OF_AGENT = re.compile(r"\b(?:without|w/o|wo|no|non)\W*(?:fat\w*|fs)\b")
_BOTH = re.compile(r"\bw/?\s*(?:and|&|\+|/)?\s*w/?o\b|\bpre\W*(?:and|&|/)\W*post")
_DARK_FLUID = re.compile(r"dark ?fluid|\bdafl\b|\b(?:tirm|t2) .*\bdark\b|\w*flair\w*")


def what_text_says(text: str) -> Said | None:
    """Read a file's or layer's name, a series description or a protocol's name.

    Returns
    -------
    Said or None
        None when the text says nothing, or two different things.
    """
    text = _NOT_OF_AGENT.sub(" ", text.lower())
    tokens = re.findall(r"[a-z0-9]+", text)
    joined = " ".join(tokens)
    other = "a mask" if is_mask_name(text) else _other_kind(text, tokens)
    if other:
        return Said(None, other)
    both = bool(_BOTH.search(text))  # "W/WO": so neither is said of this one
    unenhanced = not both and _unenhanced(text, tokens)
    key = guess_sequence(text)
    by_protocol = _by_protocol(tokens)
    if key in {None, "t2"} and _DARK_FLUID.search(joined):
        if by_protocol == "t1":
            return None  # an average of both, perhaps
        key = "flair"
    if key in {"t1", "t1ce"} or (key is None and by_protocol == "t1"):
        contrast = key == "t1ce" or (not both and _enhanced(tokens))
        key = "t1ce" if contrast and not unenhanced else "t1"
    key = key or by_protocol
    if key is None:
        return None
    # CISS and FIESTA show bright fluid, but little else of what a T2 shows.
    return Said(key, TITLES[key], sure=not both and "ciss" not in tokens, unenhanced=unenhanced)


def _by_protocol(tokens: list[str]) -> str | None:
    is_t1 = any(map(_T1_PROTOCOLS.fullmatch, tokens))
    is_t2 = any(re.match(r"s?t2|frfse|ciss", token) for token in tokens)
    return None if is_t1 == is_t2 else "t1" if is_t1 else "t2"


def _first_t1(tokens: list[str]) -> int:
    return next((i for i, t in enumerate(tokens) if _T1_PROTOCOLS.fullmatch(t)), len(tokens))


def _enhanced(tokens: list[str]) -> bool:
    """Tell whether a word after the T1 says contrast agent ("post" before it may be a date)."""
    return any(map(_CONTRAST.fullmatch, tokens[_first_t1(tokens) + 1 :]))


def _unenhanced(text: str, tokens: list[str]) -> bool:
    """Tell whether a word says "without" ("Pre_Scan_T1", "pre-op" are dates)."""
    followers = [*tokens, ""][1:]
    return bool(_MINUS.search(text)) or any(
        _WITHOUT.fullmatch(token) and after not in _OCCASIONS
        for token, after in zip(tokens, followers, strict=True)
    )


def _other_kind(text: str, tokens: list[str]) -> str | None:
    if re.search(r"t2\s*\*", text):
        return "susceptibility or T2*"
    for title, pattern in _OTHER_KINDS:
        if any(re.fullmatch(pattern, token) for token in tokens):
            return title
    return None
