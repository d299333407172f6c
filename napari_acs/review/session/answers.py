"""Answers to a session's form: which fit, and what is wrong with the first that does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.review.session.form import Form


def check_answers(form: Form, answers: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return answers as they are stored; None and empty ones are left out.

    Parameters
    ----------
    form : Form
    answers : mapping
        By field name.
    whole : bool
        Whether every required field must be there: for a decision, not while it is filled in.

    Raises
    ------
    BadInput
        An unknown field, an answer that does not fit its field, a required one that is missing.
    """
    stored, misfit = fitting_answers(form, answers)
    if misfit is not None:
        raise misfit
    missing = next((f for f in form.fields if f.required and f.name not in stored), None)
    if whole and missing is not None:
        raise BadInput(f"{missing.title} is not answered", do="Answer it, then decide")
    return stored


def fitting_answers(
    form: Form, answers: Mapping[str, Any]
) -> tuple[dict[str, Any], BadInput | None]:
    """Return the answers that fit, as they are stored, and the refusal of the first other.

    Raises
    ------
    BadInput
        An unknown field.
    """
    fields = {field.name: field for field in form.fields}
    unknown = next((name for name in answers if name not in fields), None)
    if unknown is not None:
        raise BadInput(
            f"The form has no field {unknown!r}", expected=", ".join(fields) or "no answer"
        )
    stored: dict[str, Any] = {}
    misfit: BadInput | None = None
    for name, field in fields.items():
        value = answers.get(name)
        if value is None or value in ("", [], ()):
            continue
        try:
            stored[name] = field.check(value)
        except (ValueError, TypeError) as error:
            misfit = misfit or BadInput(
                f"{field.title}", found=repr(value)[:80], expected=str(error)
            )
    return stored, misfit
