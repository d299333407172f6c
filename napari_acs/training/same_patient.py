"""Whether two names are one patient's, however they are spelt."""

from __future__ import annotations

import re


def patient_key(patient: str) -> str:
    """Return what all spellings of a patient's name share.

    Lists of two people write ``sub-01``, ``SUB_1`` and ``1`` for one patient long before they
    mean three. Where it is wrong, two patients come to lie on one side of a split, which costs
    little; the other mistake judges a network by whom it was trained on.

    Parameters
    ----------
    patient : str

    Returns
    -------
    str
        Small letters, one kind of separator, no ``sub-`` in front, numbers without leading zeros.
    """
    plain = re.sub(r"[\s_.-]+", "-", patient.strip().casefold())
    plain = re.sub(r"(?<!\d)0+(?=\d)", "", plain)
    return plain.removeprefix("sub-") or plain
