"""The job that explains a classification: a generator of messages that never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume
from napari_acs.imaging.cancel import Cancelled, never, stop_if
from napari_acs.imaging.modelspace import labels_on, maps_on
from napari_acs.inference.classify_ready import Looked, look
from napari_acs.inference.classify_record import classification_record
from napari_acs.inference.device import AUTO
from napari_acs.inference.explain.cam import Method, mean_activation_map, useful_level
from napari_acs.inference.explain.occlusion import REGIONS, Occlusion, occlusions
from napari_acs.inference.messages import Failure, Progress
from napari_acs.inference.sentences import failure_of, failure_of_error
from napari_acs.models.classifier_ensemble import views_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid, Study
    from napari_acs.inference.ready import Preparation
    from napari_acs.models import ClassifierBundle
    from napari_acs.models.spec import ClassifierSpec

_MAP, _OCCLUSION = "activation map", "occlusion"
_MAP_FROM, _OCCLUSION_FROM = 0.7, 0.8


@dataclass(frozen=True, eq=False)
class Explained:
    """The job ended well.

    Attributes
    ----------
    target : str
        The class that is explained.
    cam : ndarray of float32, shape (z, y, x), read-only
        0 to 1, on the study's reference grid: where something speaks for the class. 0 outside of
        what the network saw.
    occlusions : tuple of Occlusion
        What the probabilities become without each tumour region and each sequence.
    notes : tuple of str
        Sentences worth showing.
    provenance : mapping
        That of a classification, and how the map was made.
    """

    target: str
    cam: NDArray[np.float32]
    occlusions: tuple[Occlusion, ...]
    notes: tuple[str, ...]
    provenance: dict[str, Any]


ExplainMessage = Progress | Explained | Failure


def explain(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None = None,
    *,
    target: str | None = None,
    method: Method = "layercam",
    device: str = AUTO,
    preparation: Preparation | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[ExplainMessage]:
    """Explain a classification: yield ``Progress``, then exactly one ``Explained`` or ``Failure``.

    Parameters
    ----------
    study, bundle, mask, device, preparation, cancelled
        As of `run_classifier`. Labels 1 NCR, 2 ED and 3 or 4 ET of the mask are taken out in turn,
        also where the model itself takes no mask.
    target : str, optional
        Name of the class to explain; left out: the most probable one.
    method : {"layercam", "gradcam"}
        See `activation_map`.

    Yields
    ------
    ExplainMessage
    """
    try:
        yield from _messages(study, bundle, mask, target, method, device, preparation, cancelled)
    except Cancelled:
        yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
    except BadInput as refusal:
        yield failure_of(refusal)
    except Exception as error:
        yield failure_of_error(error, "The explanation")


def _messages(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None,
    target: str | None,
    method: Method,
    wish: str,
    preparation: Preparation | None,
    cancelled: Callable[[], bool],
) -> Iterator[ExplainMessage]:
    names = [one.name for one in bundle.spec.classes]
    if target is not None and target not in names:
        raise BadInput(
            f"The model knows no class {target}", expected=", ".join(names), do="Name one of these"
        )
    _refuse_another_grid(study, mask)
    looked: Looked | None = None
    for said in look(study, bundle.spec, mask, wish, preparation, cancelled):
        if isinstance(said, Looked):
            looked = said
        else:
            yield said
    assert looked is not None
    start = perf_counter()
    network = bundle.network().to(looked.device)
    channels = looked.box.array

    @torch.inference_mode()
    def probabilities(box: NDArray[np.float32]) -> NDArray[np.float64]:
        stop_if(cancelled)
        logits = network(torch.from_numpy(box)[None].to(looked.device))
        found: NDArray[np.float64] = bundle.probabilities(logits)[0].cpu().double().numpy()
        return found

    yield Progress(0, 2, _MAP, _MAP_FROM)
    before = probabilities(channels)
    index = int(before.argmax()) if target is None else names.index(target)
    shown = torch.from_numpy(channels)[None].to(looked.device)
    strides = views_of(network)[0].network.encoder.strides
    level = useful_level(strides, looked.box.grid.shape)
    found = mean_activation_map(network, shown, index, method, level).cpu().numpy()
    cam = np.clip(maps_on(found[None], looked.box.grid, study.grid)[0], 0, 1)
    cam.flags.writeable = False
    yield Progress(1, 2, _OCCLUSION, _OCCLUSION_FROM)
    labels = None if mask is None else labels_in(mask, looked.box.grid)
    sequences = [c.name for c in bundle.spec.input.channels]
    rows = occlusions(
        channels,
        labels,
        looked.box.grid.spacing[::-1],
        sequences,
        names,
        probabilities,
        mask_channel=bundle.spec.input.mask_channel,
    )
    occluded = tuple(rows)
    seconds = {**looked.seconds, "explanation": perf_counter() - start}
    record = classification_record(
        looked.study,
        bundle,
        looked.box,
        mask,
        device=looked.device,
        seconds=seconds,
        input_sha256=looked.input_sha256,
    )
    stride = strides[level]
    record["explanation"] = {
        "method": method,
        "target": names[index],
        "layer": f"encoder map {level}",
        "layer_spacing_mm": [round(mm * stride, 3) for mm in looked.box.grid.spacing],
    }
    yield Progress(2, 2, _OCCLUSION, 1.0)
    notes = tuple(_notes(bundle.spec, mask, occluded, found))
    yield Explained(names[index], cam, occluded, notes, record)


def labels_in(mask: Volume, grid: Grid) -> NDArray[np.uint8]:
    """Bring a mask to the box so that its labels together fill what the mask channel fills.

    A voxel that several labels share may be mostly tumour, and no single label of it more than the
    background: it gets the label that is nearest.
    """
    labels = labels_on(mask, grid)
    whole = Volume((mask.array > 0).astype(np.uint8), mask.grid)
    lost = (labels_on(whole, grid) > 0) & (labels == 0)
    if lost.any() and labels.any():
        nearest = distance_transform_edt(
            labels == 0, sampling=grid.spacing[::-1], return_distances=False, return_indices=True
        )
        labels[lost] = labels[tuple(nearest)][lost]
    return labels


def _refuse_another_grid(study: Study, mask: Volume | None) -> None:
    """Refuse a mask that lies elsewhere, also where the model itself would not look at it."""
    difference = None if mask is None else study.grid.difference(mask.grid)
    if mask is not None and difference:
        raise BadInput(
            f"{mask.called('The mask')} is not on the grid of the study",
            found=difference,
            do="Give a mask of this study, or resample it to the study (nearest neighbour)",
        )


def _notes(
    spec: ClassifierSpec,
    mask: Volume | None,
    rows: tuple[Occlusion, ...],
    cam: NDArray[np.float32],
) -> Iterator[str]:
    if not cam.any():
        yield "Nothing in the image speaks for this class: the map is empty."
    if mask is None:
        yield "Without a mask no tumour region could be taken out."
    else:
        there = {row.key for row in rows}
        lacking = [title for key, (title, _) in REGIONS.items() if key not in there]
        if lacking:
            yield f"The mask has no {', '.join(lacking)}: not taken out."
    always = [c.name for c in spec.input.channels if c.required and len(spec.input.channels) > 1]
    if always:
        yield (
            f"The model never saw a study without {', '.join(always)}: what it says without one of "
            "them is a hint at most."
        )
    yield (
        "This shows what the network reacts to, not why the tumour is what it is; a region is "
        "replaced by a flat patch of healthy tissue."
    )
