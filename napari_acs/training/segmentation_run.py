"""``napari-acs train`` for segmentation: prepare, train, publish."""

from __future__ import annotations

from napari_acs.training.agreement import agreed, main_first
from napari_acs.training.begun import begin_with, cached_states, start_of
from napari_acs.training.checkpoint import has_checkpoint
from napari_acs.training.job import segmentation_task, start_network
from napari_acs.training.loop import train
from napari_acs.training.order import Company, Order
from napari_acs.training.preparing import prepare_cache
from napari_acs.training.publishing import publish
from napari_acs.training.recipe import Recipe
from napari_acs.training.stopping import Stopped, heard


def run_segmentation(plan: Recipe, order: Order, company: Company) -> bool:
    """Train a segmentation model by a recipe and publish it; goes on where a run stopped.

    Every process of a run calls this.

    Returns
    -------
    bool
        False if the user stopped it; the same order goes on.

    Raises
    ------
    BadInput
        If the data, the recipe or the weights are no good; before training starts.
    RefusedElsewhere
        Another process found that, see `agreement.agreed`.
    """
    fabric = company.fabric

    def prepared() -> bool:
        return _prepare(plan, order, company) if fabric.is_global_zero else True

    if not fabric.broadcast(main_first(fabric, prepared)):
        return False
    resumed = has_checkpoint(order.run)
    weights = None if resumed else order.encoder_weights
    network = main_first(  # torchvision's weights are downloaded once
        fabric,
        lambda: start_network(plan, weights, pretrained=not (resumed or order.from_scratch)),
        local=True,
    )
    task = agreed(fabric, lambda: segmentation_task(plan, order.cache))

    def begun() -> str:
        start = start_of(order.encoder_weights, pretrained=not order.from_scratch)
        if not fabric.is_global_zero:
            return start
        taking_part = {case.name for case in (*task.training, *task.validation)}
        states = {k: v for k, v in cached_states(order.cache).items() if k in taking_part}
        return begin_with(order.run, start, states, resumed=resumed)

    start = agreed(fabric, begun)
    steps = train(plan, task, network, order.run, stop=company.stop, fabric=fabric)
    if not company.follow(steps):
        return False
    if fabric.is_global_zero:
        publish(plan, order, start, lambda name: company.progress(f"judging {name}", 0, 0))
    return True


def _prepare(plan: Recipe, order: Order, company: Company) -> bool:
    """Fill the cache; return False if the user stopped it. What is prepared by then is kept."""
    try:
        prepare_cache(
            plan,
            order.data,
            order.cache,
            heard(company.progress, company.stop),
            layout=order.layout,
            patient_pattern=order.patient_pattern,
            device=str(company.fabric.device),
            own=order.cache == order.run / "cache" and not has_checkpoint(order.run),
        )
    except Stopped:
        return False
    return True
