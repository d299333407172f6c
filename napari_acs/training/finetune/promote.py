"""Promotion: the new model joins the user's own and becomes the default, if it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.models import add_bundle, read_settings, write_settings
from napari_acs.models.store import why_not_default

if TYPE_CHECKING:
    from napari_acs.models import Bundle, BundleEntry
    from napari_acs.training.finetune.verdict import Verdict


def promote(bundle: Bundle, verdict: Verdict, *, accept_worse: bool = False) -> BundleEntry:
    """Copy a bundle into the user's folder and make it the default model.

    Parameters
    ----------
    bundle : Bundle
    verdict : Verdict
        On the bundle against the one it was made from.
    accept_worse : bool
        The user's word that a worse one will do.

    Raises
    ------
    BadInput
        If it is worse and the user has not said that this will do, or it cannot be added; the
        default model stays what it was.
    """
    if verdict.worse and not accept_worse:
        raise BadInput(
            f"{bundle.spec.id} was not promoted: {verdict.why.rstrip('.')}",
            do=f"It is kept in {bundle.path}, and your default model is what it was. Correct more "
            "cases; or, where you want it all the same, --accept-worse says so, and so do "
            f"`napari-acs models add {bundle.path}` and `models default {bundle.spec.id}`",
        )
    entry = add_bundle(bundle.path)
    if why := why_not_default(entry.spec.id):
        raise BadInput(f"{entry.spec.id!r} was added but not made the default: {why}")
    write_settings(read_settings().model_copy(update={"default_model": entry.spec.id}))
    return entry
