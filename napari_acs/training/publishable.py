"""Whether what a recipe asks for can be a bundle: asked before the hours, not after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pydantic import ValidationError

from napari_acs.errors import BadInput
from napari_acs.models.networks import build_network
from napari_acs.models.spec import ANY_SPEC

_NO_WEIGHTS = {"sha256": "0" * 64, "size_bytes": 1}
"""Stand in for those that training is to make."""


def refuse_bad_fields(fields: Mapping[str, Any], share: Sequence[int]) -> None:
    """Refuse fields of a ``model.json`` that no bundle could have.

    Parameters
    ----------
    fields : mapping
        All but the weights.
    share : sequence of int
        What the network is trained on at once: (n, c, z, y, x).

    Raises
    ------
    BadInput
        A field is not what it must be, the network does not take its arguments, or the share is
        too small for its batch statistics.
    """
    try:
        spec = ANY_SPEC.validate_python({**fields, "weights": _NO_WEIGHTS})
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()]
        raise BadInput(
            "The recipe makes no bundle that could be written",
            found="; ".join(faults),
            do="Correct these fields in the recipe",
        ) from error
    try:
        with torch.random.fork_rng([]):  # what is drawn here is not to change what is drawn later
            network = build_network(spec).train()
    except BadInput as fault:
        raise BadInput(
            "The network of the recipe cannot be built",
            found=fault.found or fault.what,
            expected=fault.expected,
            do="Correct the recipe's architecture",
        ) from fault
    try:
        # Shapes alone, in no time. Not built there: some of torchvision's networks cannot be.
        network.to("meta")(torch.empty(tuple(share), device="meta"))
    except NotImplementedError:
        return  # of a layer that knows no shapes without numbers, nothing can be told
    except (ValueError, RuntimeError) as error:  # torch's word on maps of one voxel, or of none
        raise BadInput(
            "The network of the recipe cannot be trained on so little at once",
            found=f"{share[0]} of {' x '.join(map(str, share[2:]))} voxels; {error}",
            do="Take larger patches (train_patch, or a classifier's input.size), or a larger batch "
            "in fewer shares",
        ) from error
