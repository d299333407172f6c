"""Which kind of source a file or folder is."""

from __future__ import annotations

from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.imports.acs_unet import is_acs_unet
from napari_acs.models.imports.gandlf import is_gandlf
from napari_acs.models.imports.monai import is_monai
from napari_acs.models.imports.request import KINDS
from napari_acs.models.imports.run_folder import is_run
from napari_acs.models.imports.torchvision_weights import PREFIX
from napari_acs.models.imports.trunks import mode_of
from napari_acs.models.safe_load import load_state


def kind_of(source: Path) -> str:
    """Return the kind of a source, one of `KINDS`.

    Parameters
    ----------
    source : Path
        A file, a folder, or ``torchvision:NAME``.

    Raises
    ------
    BadInput
        If it is none, or a weights file that cannot be read safely.
    """
    if str(source).startswith(PREFIX):
        return "torchvision"
    if not source.exists():
        raise BadInput(f"{source} is not there", do="Check the path")
    for kind, fits in (("gandlf", is_gandlf), ("monai", is_monai), ("run", is_run)):
        if fits(source):
            return kind
    if source.is_file() and source.suffix in (".pt", ".pth", ".safetensors"):
        state = load_state(source)
        whole = is_acs_unet({key.removeprefix("model."): t for key, t in state.items()})
        return "acsconv" if whole or mode_of(state) != "acs" else "torchvision"
    raise BadInput(
        f"{source} is nothing that a model can be made of",
        found="a folder" if source.is_dir() else f"the ending {source.suffix or '(none)'}",
        expected="a .pth or .safetensors of torchvision or acsconv, a .pth.tar of GaNDLF, a MONAI "
        "bundle, or a training run",
        do=f"Name its kind with --kind, one of {', '.join(KINDS)}",
    )
