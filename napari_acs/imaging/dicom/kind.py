"""What a series is good for, by its header: a volume to segment, a scout, or a computed map."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from napari_acs.imaging.dicom.frame import Frame
from napari_acs.imaging.dicom.origin import AcquisitionTags
from napari_acs.imaging.dicom.series import Kind

_FEW_SLICES = 3
_MANY_VOLUMES = 8
_SCOUT = re.compile(
    r"(?<![a-z])(?:loc|locali[sz]er|scout|survey|3[ -]?plane|topogram)(?![a-z])",
    re.IGNORECASE,
)
_PHASE = frozenset(("P", "PHASE", "PHASE MAP"))
_COMPUTED = {
    "MPR": "a reformatted view (MPR)",
    "MIP": "a projection (MIP)",
    "MINIP": "a projection (MinIP)",
    "PROJECTION IMAGE": "a projection",
    "ADC": "an ADC map",
    "EADC": "an ADC map",
    "FA": "an anisotropy map",
    "TRACEW": "a diffusion trace image",
    "SUB": "a subtraction",
    "SUBTRACTION": "a subtraction",
    "CBF": "a perfusion map",
    "CBV": "a perfusion map",
    "MTT": "a perfusion map",
    "TTP": "a perfusion map",
}
# "MPR" in a description is as often a T1 MPRAGE: there the ImageType has to say it.
_WORDS = {k: what for k, what in _COMPUTED.items() if k not in {"MPR", "FA", "SUB"}} | {
    "SUBTRACT": "a subtraction",
    "PROJ": "a projection",
}


def kind_of(tags: AcquisitionTags, frames: Sequence[Frame], parts: int = 1) -> tuple[Kind, str]:
    """Tell what a series is, and why it is no plain image.

    Parameters
    ----------
    tags : AcquisitionTags
    frames : sequence of Frame
        Of the whole series.
    parts : int
        How many volumes the series holds.

    Returns
    -------
    kind, why : str, str
        ``why`` is a sentence; empty for an ``"image"``.
    """
    return next(_reasons(tags, frames, parts), ("image", ""))


def _reasons(
    tags: AcquisitionTags, frames: Sequence[Frame], parts: int
) -> Iterator[tuple[Kind, str]]:
    """Say, the strongest first, what speaks against a plain image."""
    image_type = tags.image_type
    words = set(re.findall(r"[A-Z0-9]+", f"{tags.description} {tags.protocol}".upper()))
    if "LOCALIZER" in image_type:
        yield "localizer", "Its ImageType says LOCALIZER."
    if _SCOUT.search(f"{tags.description} / {tags.protocol}"):
        yield "localizer", "Its description is that of a localizer."
    for code in (*image_type, *(frames[0].image_type if frames else ())):
        if code in _PHASE:
            yield "other", "Its ImageType says that it holds phases, not magnitudes."
        if code in _COMPUTED:
            yield "derived", f"Its ImageType says that it is {_COMPUTED[code]}."
    turned = len({tuple(round(v, 1) for v in f.orientation) for f in frames if f.orientation})
    if turned > 1:
        yield "localizer", f"Its slices have {turned} orientations, as those of a localizer."
    if len(frames) <= _FEW_SLICES:
        yield "localizer", f"It has only {len(frames)} slice(s)."
    if tags.modality != "MR":
        yield "other", f"Its modality is {tags.modality or 'not said'}, not MR."
    # GE calls its radial acquisitions derived, and they are as good as any other.
    radial = "PROPELLER" in image_type
    if (image_type[:1] == ("DERIVED",) and not radial) or image_type[1:2] == ("SECONDARY",):
        yield "derived", f"Its ImageType says {' '.join(image_type[:2])}: computed, not acquired."
    for word in sorted(words & _WORDS.keys()):
        yield "derived", f"Its description is that of {_WORDS[word]}."
    if parts > _MANY_VOLUMES:
        yield "other", f"It is one of {parts} volumes of a 4D series."
