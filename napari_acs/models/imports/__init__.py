"""Bring your own: bundles made of what other tools left. See ``docs/bring-your-own.md``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.bundle import Bundle
from napari_acs.models.imports.acsconv import import_acsconv
from napari_acs.models.imports.gandlf import import_gandlf
from napari_acs.models.imports.monai import import_monai
from napari_acs.models.imports.recognise import kind_of
from napari_acs.models.imports.request import KINDS, Request
from napari_acs.models.imports.run_folder import import_run
from napari_acs.models.imports.torchvision_weights import (
    PREFIX,
    import_official,
    import_torchvision,
)

__all__ = ["KINDS", "import_model", "kind_of"]


def import_model(
    source: str | Path,
    target_folder: Path,
    *,
    kind: str | None = None,
    config: Path | None = None,
    channels: Sequence[str] = (),
    classes: Sequence[str] = (),
    id: str | None = None,
    title: str | None = None,
) -> Bundle:
    """Make a bundle of a network that another tool left; its folder appears complete or not at all.

    Parameters
    ----------
    source : str or Path
        A file or folder, or ``torchvision:NAME`` for official weights (a download, if they are not
        in torch's cache).
    target_folder : Path
        Where bundles lie; the bundle's own folder in it has its id as name.
    kind : str, optional
        One of `KINDS`; left out, it is recognised.
    config : Path, optional
        GaNDLF's YAML, MONAI's inference configuration, or the recipe of a training run, where it
        does not lie beside the weights.
    channels : sequence of str
        The sequences in the order of the network's input, where the source does not say.
    classes : sequence of str
        What the labels (GaNDLF) or output channels (MONAI) mean, where the source does not say.
    id, title : str, optional
        Of the bundle; left out, made of the file's name.

    Returns
    -------
    Bundle
        Verified, and able to build its network.

    Raises
    ------
    BadInput
        If the source is refused: the sentence says why, and what to do. Nothing is written.
    """
    request = Request(Path(source), config, tuple(channels), tuple(classes), id, title)
    chosen = kind or kind_of(request.source)
    official = str(source).startswith(PREFIX)
    importers = {
        "torchvision": import_official if official else import_torchvision,
        "gandlf": import_gandlf,
        "acsconv": import_acsconv,
        "run": import_run,
        "monai": import_monai,
    }
    if chosen not in importers:
        raise BadInput(f"the kind {chosen!r} is unknown", expected=", ".join(KINDS))
    try:
        return importers[chosen](request, target_folder)
    except BadInput:
        raise
    # A description may have anything in any place: what no importer foresaw is refused as well.
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise BadInput(
            f"{source} is not laid out as a model of the kind {chosen} is",
            found=f"{type(error).__name__}: {error}"[:200],
            do="Check its configuration, or name another --kind",
        ) from error
