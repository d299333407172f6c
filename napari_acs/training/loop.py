"""The training loop: resumable, and the same from a seed however often it was interrupted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.training.carve import carve_tumour
from napari_acs.training.cases import Case
from napari_acs.training.deep_supervision import supervised_loss
from napari_acs.training.ema import Average
from napari_acs.training.intensity import change_intensities
from napari_acs.training.phantoms import PhantomStock
from napari_acs.training.recipe import Recipe
from napari_acs.training.spatial import draw_patch
from napari_acs.training.validation import mean_dice, validate


@dataclass(frozen=True)
class Step:
    """What happened at a step; ``dice`` only where it was measured (by case and region)."""

    step: int
    loss: float
    rate: float
    seconds: float
    dice: dict[str, dict[str, float]] | None = None


def train(
    recipe: Recipe,
    network: nn.Module,
    cases: list[Case],
    run: Path,
    *,
    stock: PhantomStock | None = None,
    stop: Callable[[], bool] = lambda: False,
    device: str = "cpu",
) -> Iterator[Step]:
    """Train a network; yield after every step.

    A checkpoint (``run/checkpoint.pt``) is replaced atomically at every validation, and training
    goes on from it if it is there. ``run/best.pt`` holds the averaged network with the best
    validation so far, ``run/log.jsonl`` a line a step.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    network : nn.Module
        The network, with its starting weights; trained in place.
    cases : list of Case
        All cases; those the recipe names for validation are kept apart.
    run : Path
        Folder for checkpoints and the log.
    stock : PhantomStock, optional
        Where phantoms come from, if the recipe wants any.
    stop : callable
        Asked after every step; True ends the run with a checkpoint.
    device : str
        Where to train, as torch names it; batches are drawn on the CPU.

    Raises
    ------
    BadInput
        If a validation case is missing, or nothing is left to train on.
    """
    training, validation = _split(recipe, cases)
    run.mkdir(parents=True, exist_ok=True)
    network.to(device)
    average = Average(network, recipe.ema)
    optimiser = _optimiser(recipe, network)
    first, best = _resume(run / "checkpoint.pt", network, average, optimiser)
    _cut_log(run / "log.jsonl", first)
    for step in range(first, recipe.steps):
        began = time.perf_counter()
        rate = _rate(recipe, step)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]
        images, labels = draw_batch(recipe, training, stock, step)
        loss = _update(recipe, network, optimiser, images.to(device), labels.to(device))
        average.update(network, step)
        done = step + 1
        dice = None
        last = done == recipe.steps or stop()
        if done % recipe.validate_every == 0 or last:
            dice = validate(average.network, validation)
            if mean_dice(dice) >= best:
                best = mean_dice(dice)
                _save(dict(average.network.state_dict()), run / "best.pt")
            _checkpoint(run / "checkpoint.pt", done, best, network, average, optimiser)
        result = Step(done, loss, rate, time.perf_counter() - began, dice)
        _log(run / "log.jsonl", result)
        yield result
        if last:
            return


def draw_batch(
    recipe: Recipe, training: list[Case], stock: PhantomStock | None, step: int
) -> tuple[Tensor, Tensor]:
    """Draw the batch of a step; it depends on the recipe's seed and the step alone.

    Returns
    -------
    images : Tensor of float32, shape (batch, c, z, y, x), channels last
    labels : Tensor of uint8, shape (batch, z, y, x)
    """
    rng = torch.Generator().manual_seed(recipe.seed * 7_919 + step)
    images, labels = [], []
    for _ in range(recipe.batch):
        share = float(torch.rand(1, generator=rng))
        made_up = stock is not None and share < recipe.phantom_share
        pool = stock.at(step) if stock is not None and made_up else training
        case = pool[int(torch.randint(len(pool), (1,), generator=rng))]
        patch, truth = draw_patch(
            case, recipe.train_patch, recipe.tumour_share, recipe.augmentation, rng
        )
        if not made_up:
            others = [other for other in training if other is not case]
            patch, truth = carve_tumour(patch, truth, others, recipe.augmentation, rng)
        images.append(change_intensities(patch, recipe.augmentation, rng))
        labels.append(truth)
    batch = torch.stack(images).contiguous(memory_format=torch.channels_last_3d)
    return batch, torch.stack(labels)


def _split(recipe: Recipe, cases: list[Case]) -> tuple[list[Case], list[Case]]:
    names = {case.name for case in cases}
    missing = sorted(set(recipe.validation) - names)
    if missing:
        raise BadInput(
            f"validation case {missing[0]} is not among the prepared cases",
            found=f"{len(names)} cases",
            do="Prepare its folder too, or change the recipe's validation list",
        )
    apart = {*recipe.validation, *recipe.exclude}
    training = [case for case in cases if case.name not in apart]
    if not training:
        raise BadInput("no case is left to train on", do="Shorten the recipe's validation list")
    return training, [case for case in cases if case.name in recipe.validation]


def _optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    encoder = [p for n, p in network.named_parameters() if n.startswith("encoder.")]
    others = [p for n, p in network.named_parameters() if not n.startswith("encoder.")]
    groups = [
        {"params": encoder, "share": recipe.encoder_rate},
        {"params": others, "share": 1.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def _rate(recipe: Recipe, step: int) -> float:
    """Warm up over 100 steps, hold, and fall linearly to 1 % over the last ``decay_steps``."""
    warm = min(1.0, (step + 1) / 100)
    left = recipe.steps - step
    fall = min(1.0, left / recipe.decay_steps) if recipe.decay_steps else 1.0
    return recipe.learning_rate * warm * max(fall, 0.01)


def _update(
    recipe: Recipe,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
) -> float:
    network.train()
    with torch.autocast(images.device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
        output = network(images)
    loss = supervised_loss(output, labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())


def _resume(
    file: Path, network: nn.Module, average: Average, optimiser: torch.optim.Optimizer
) -> tuple[int, float]:
    if not file.exists():
        return 0, 0.0
    state = torch.load(file, map_location="cpu", weights_only=True)
    network.load_state_dict(state["network"])
    average.network.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"]), float(state["best"])


def _checkpoint(
    file: Path,
    step: int,
    best: float,
    network: nn.Module,
    average: Average,
    optimiser: torch.optim.Optimizer,
) -> None:
    state = {
        "step": step,
        "best": best,
        "network": network.state_dict(),
        "average": average.network.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    _save(state, file)


def _save(state: dict[str, object], file: Path) -> None:
    partial = file.with_name(f".{file.name}.part")
    torch.save(state, partial)
    partial.replace(file)


def _cut_log(file: Path, step: int) -> None:
    """Drop the lines of steps after the checkpoint, which a killed run leaves; they come again."""
    if file.exists():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = (line for line in lines if line.endswith("\n"))
        kept = [line for line in whole if json.loads(line)["step"] <= step]
        partial = file.with_name(f".{file.name}.part")
        partial.write_text("".join(kept), encoding="utf-8")
        partial.replace(file)


def _log(file: Path, result: Step) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(result.__dict__) + "\n")
