"""A state dict of a network that the package ``acsconv`` (or this one) made 3D."""

from __future__ import annotations

from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.bundle import Bundle
from napari_acs.models.imports.acs_unet import arguments_of, fields_of, is_acs_unet
from napari_acs.models.imports.fit import built, filled
from napari_acs.models.imports.request import Request, sequences_of
from napari_acs.models.imports.trunks import encoder_of, mode_of, untrained_unet
from napari_acs.models.imports.write import write_bundle
from napari_acs.models.safe_load import load_state


def import_acsconv(request: Request, target_folder: Path) -> Bundle:
    """Write a bundle with the weights of a converted network.

    A whole ``acs-unet`` is a trained network; a converted torchvision classifier gives the
    encoder of an untrained one, converted the way its weights show (ACS, soft or 3D).

    Raises
    ------
    BadInput
        If the file cannot be read safely, or is of a network that cannot be built here.
    """
    file = request.source
    state = {key.removeprefix("module."): t for key, t in load_state(file).items()}
    state = {key.removeprefix("model."): t for key, t in state.items()}
    if is_acs_unet(state):
        arguments = arguments_of(state, str(file))
        channels = sequences_of(request, int(state["stem.0.weight"].shape[1]))
        if int(state["head.weight"].shape[0]) != 3:
            raise BadInput(f"the head of {file} is not for WT, TC and ET")
        fields = fields_of(arguments, channels, 1.0, (96, 96, 96))
        network = filled(built(fields, file.stat().st_size), state, str(file))
        notes = [
            f"a whole acs-unet, {arguments}",
            "its output taken for nested WT, TC and ET, its input for 1 mm and the z-score of "
            "this package: the file does not say",
        ]
        return write_bundle(
            target_folder,
            request,
            network,
            tool="acs-unet state dict",
            file=file,
            stem=file.stem,
            fields=fields,
            notes=notes,
        )
    name = encoder_of(state, str(file))
    unet, fields = untrained_unet(request, name, state, str(file))
    return write_bundle(
        target_folder,
        request,
        unet,
        tool=f"acsconv state dict of {name} ({mode_of(state)})",
        file=file,
        stem=f"untrained-{file.stem}",
        fields=fields,
        notes=[
            f"encoder {name}, its {mode_of(state)} weights unchanged",
            "decoder and head are random",
        ],
    )
