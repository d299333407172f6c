"""ImageNet weights of torchvision, official ones by name or a file, for an untrained ACS U-Net."""

from __future__ import annotations

from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.bundle import Bundle
from napari_acs.models.encoders import trunk_2d, trunk_names
from napari_acs.models.imports.request import Request
from napari_acs.models.imports.trunks import encoder_of, untrained_unet
from napari_acs.models.imports.write import UNKNOWN_LICENCE, write_bundle
from napari_acs.models.safe_load import load_state

PREFIX = "torchvision:"
_OFFICIAL_LICENCE = (
    "BSD-3-Clause (torchvision); the weights' training data is ImageNet, with terms "
)
_OFFICIAL_LICENCE += "of its own"


def import_official(request: Request, target_folder: Path) -> Bundle:
    """Write an untrained bundle with torchvision's own weights of a named architecture.

    They are downloaded, and checked by torchvision, where they are not in torch's cache yet.
    """
    name = str(request.source).removeprefix(PREFIX)
    try:
        trunk = trunk_2d(name, pretrained=True)
    except BadInput as error:
        if "could not be had" not in error.what:
            raise
        raise BadInput(
            error.what,
            found=error.found,
            do="Check the network, or download the .pth file elsewhere and add that",
        ) from error
    own = trunk.state_dict()
    state = {theirs: own[key] for key, (theirs, _) in trunk_names(name).items()}
    network, fields = untrained_unet(request, name, state, str(request.source))
    return write_bundle(
        target_folder,
        request,
        network,
        tool=f"torchvision's official ImageNet weights of {name}",
        file=Path(),
        stem=f"untrained-{name}",
        fields=fields | {"licence": _OFFICIAL_LICENCE},
        notes=_notes(name),
    )


def import_torchvision(request: Request, target_folder: Path) -> Bundle:
    """Write an untrained bundle with the weights of a 2D torchvision checkpoint.

    Raises
    ------
    BadInput
        If the file cannot be read safely, or is of no architecture that can be an encoder.
    """
    file = request.source
    state = load_state(file)
    state = {key.removeprefix("module."): tensor for key, tensor in state.items()}
    name = encoder_of(state, str(file))
    network, fields = untrained_unet(request, name, state, str(file))
    return write_bundle(
        target_folder,
        request,
        network,
        tool=f"torchvision checkpoint of {name}",
        file=file,
        stem=f"untrained-{file.stem}",
        fields=fields | {"licence": UNKNOWN_LICENCE},
        notes=_notes(name),
    )


def _notes(name: str) -> list[str]:
    return [
        f"encoder {name}, recognised by the names and shapes of its weights; made 3D by ACS "
        "convolutions, its 2D weights unchanged",
        "the first convolution's colours were spread over the sequences",
        "decoder and head are random",
    ]
