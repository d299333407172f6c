"""What the timing of an acquisition says of its contrast.

Rules of thumb for 1.5 and 3 T (Bernstein, King and Zhou, Handbook of MRI Pulse Sequences, 2004;
the vendors' default brain protocols). They tell weightings apart, not products of one weighting:
an angiogram by time of flight has the timing of a T1.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_acs.imaging.dicom.origin import AcquisitionTags


@dataclass(frozen=True)
class Weighting:
    """What the timing says.

    Attributes
    ----------
    kind : str
        ``"t1"``, ``"t2"``, ``"flair"``, or words for another kind of image ("diffusion ...").
    timing : str
        The numbers it rests on: "TR 9000 ms, TE 90 ms, TI 2500 ms".
    """

    kind: str
    timing: str

    @property
    def known(self) -> bool:
        """Whether it is a weighting that a study may hold."""
        return self.kind in {"t1", "t2", "flair"}


def weighting(tags: AcquisitionTags) -> Weighting | None:
    """Tell the weighting by TE, TR, TI, flip angle and kind of sequence; None if they do not."""
    kind = _kind(
        tags.echo_time_ms,
        tags.repetition_time_ms,
        tags.inversion_time_ms or 0.0,
        tags.flip_angle_deg,
        set(tags.scanning_sequence),
    )
    return Weighting(kind, timing(tags)) if kind else None


def timing(tags: AcquisitionTags) -> str:
    """Write the timing in one line; empty where the header says nothing of it."""
    numbers = (
        ("TR", tags.repetition_time_ms),
        ("TE", tags.echo_time_ms),
        ("TI", tags.inversion_time_ms or None),
    )
    return ", ".join(f"{name} {value:g} ms" for name, value in numbers if value is not None)


def _kind(
    te: float | None, tr: float | None, ti: float, flip: float | None, scanning: set[str]
) -> str | None:
    if "EP" in scanning and ti < 1000:
        return "an echo-planar image (diffusion, perfusion or functional)"
    if te is None or tr is None:
        return "flair" if 1600 <= ti <= 2900 and (tr or 0) >= 4500 else None
    if "GR" in scanning and ti < 1600:
        return _of_gradient_echo(te, tr, ti, flip)
    return _of_inversion(te, tr, ti) if ti >= 100 else _of_spin_echo(te, tr)


def _of_inversion(te: float, tr: float, ti: float) -> str | None:
    if 1600 <= ti <= 2900 and tr >= 4500 and te >= 70:
        return "flair"
    if ti <= 300:
        return "a fat-suppressed image (STIR)"
    return "t1" if 500 <= ti <= 1300 and tr <= 3500 and te < 40 else None


def _of_spin_echo(te: float, tr: float) -> str | None:
    if te < 30:
        return "t1" if tr < 1200 else "a proton-density image" if tr > 1800 else None
    return "t2" if te >= 70 and tr > 2000 else None


def _of_gradient_echo(te: float, tr: float, ti: float, flip: float | None) -> str | None:
    if 15 <= te <= 60:
        return "a T2* or susceptibility image"
    if te >= 15:
        return None
    if 500 <= ti <= 1300:
        return "t1"  # MPRAGE; some vendors give the TR of the echoes, others that of the inversion
    if flip is not None and tr < 15 and flip >= 40:
        return None  # balanced (CISS, FIESTA): fluid is bright though the times are short
    if flip is not None and flip <= 6 and tr > 15:
        return None  # nearer to proton density
    return "t1" if tr < 1000 else None
