"""Bundles of cross-validated networks: one a fold, or all as an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from napari_acs.errors import BadInput
from napari_acs.models import Bundle, save_bundle
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.training.deep_supervision import without_heads


@dataclass(frozen=True)
class Fold:
    """What one network was trained to, and what it never saw.

    Attributes
    ----------
    checkpoint : Path
        ``checkpoint.pt`` of its run folder; its averaged network is taken.
    held_out : tuple of str
        Names of the cases that it never saw, whole patients.
    arguments : mapping, optional
        Of its `ACSUNet`, where they are other than those of the bundle's ``architecture``.
    """

    checkpoint: Path
    held_out: tuple[str, ...]
    arguments: Mapping[str, Any] | None = None


def assemble(
    folder: Path,
    fields: Mapping[str, Any],
    folds: Sequence[Fold],
    card: str | None = None,
    *,
    half: bool = True,
    mirrored: bool = False,
) -> Bundle:
    """Write the bundle of one fold's network, or of the ensemble of several.

    Its ``model.json`` says who never saw what, as ``evaluate --cross-validated`` asks for it.

    Parameters
    ----------
    folder : Path
        Where to put it; must not exist yet.
    fields : mapping
        As for `save_bundle`; ``architecture`` is that of one network (``acs-unet``).
    folds : sequence of Fold
        One at least.
    card : str, optional
        Markdown.
    half : bool
        Whether kernels are stored in half precision.
    mirrored : bool
        Whether an ensemble looks at the mirror image too; one fold's network never does.

    Raises
    ------
    BadInput
        A checkpoint cannot be read or does not fit the architecture, or the folder exists.
    """
    own = fields["architecture"]["arguments"]
    arguments = [own if fold.arguments is None else dict(fold.arguments) for fold in folds]
    channels, regions = len(fields["input"]["channels"]), len(fields["output"]["regions"])
    network = ACSUNetEnsemble(arguments, channels, regions)
    for member, fold in zip(network.members, folds, strict=True):
        try:
            state = torch.load(fold.checkpoint, map_location="cpu", weights_only=True)
            member.load_state_dict(without_heads(state["average"]))
        except (OSError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise BadInput(
                f"{fold.checkpoint} holds no averaged network that fits",
                found=str(error).splitlines()[0] if str(error) else type(error).__name__,
                expected="the checkpoint.pt of a run of this architecture",
            ) from error
    said = [{"held_out": sorted(fold.held_out)} for fold in folds]
    training = dict(fields.get("training", {}))
    if len(folds) == 1:
        alone = {**fields["architecture"], "arguments": arguments[0]}
        whole = {**fields, "architecture": alone, "training": {**training, **said[0]}}
        return save_bundle(folder, whole, network.members[0].eval(), card, half=half)
    together = {"members": arguments, "mirrored": mirrored}
    architecture = {"name": "acs-unet-ensemble", "arguments": together}
    training |= {"members": said}
    whole = {**fields, "architecture": architecture, "training": training}
    return save_bundle(folder, whole, network.eval(), card, half=half)
