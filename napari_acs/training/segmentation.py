"""Segmentation, as the training loop sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.training.carve import carve_tumour
from napari_acs.training.cases import Case
from napari_acs.training.deep_supervision import supervised_loss
from napari_acs.training.enhancement import take_enhancement_away
from napari_acs.training.intensity import change_intensities
from napari_acs.training.phantoms import PhantomStock
from napari_acs.training.pictures import write_picture
from napari_acs.training.recipe import Recipe
from napari_acs.training.spatial import draw_patch
from napari_acs.training.task import Validation
from napari_acs.training.validation import REGIONS, find_regions, mean_dice, validate

_PICTURES = 3
"""Validation cases that pictures are made of."""


class SegmentationTask:
    """Nested tumour regions from patches of cases and phantoms.

    Parameters
    ----------
    recipe : Recipe
    cases : sequence of Case
        All cases; those the recipe names for validation are kept apart.
    stock : PhantomStock, optional
        Where phantoms come from, if the recipe wants any.
    fresh : sequence of Case
        More cases to validate on, such as phantoms that are never trained on.

    Raises
    ------
    BadInput
        If a validation case is missing, or nothing is left to train on.
    """

    def __init__(
        self,
        recipe: Recipe,
        cases: Sequence[Case],
        stock: PhantomStock | None = None,
        fresh: Sequence[Case] = (),
    ) -> None:
        self.recipe, self.stock = recipe, stock
        self.training, held_out = _split(recipe, cases)
        self.validation = [*held_out, *fresh]

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Draw the batch of a step; it depends on the recipe's seed and the step alone.

        Returns
        -------
        images : Tensor of float32, shape (batch, c, z, y, x), channels last
        labels : Tensor of uint8, shape (batch, z, y, x)
        """
        recipe, stock = self.recipe, self.stock
        rng = torch.Generator().manual_seed(recipe.seed * 7_919 + step)
        images, labels = [], []
        for _ in range(recipe.batch):
            share = float(torch.rand(1, generator=rng))
            wanted = 1.0 if step < recipe.phantoms_first else recipe.phantom_share
            made_up = stock is not None and share < wanted
            pool = stock.at(step) if stock is not None and made_up else self.training
            case = pool[int(torch.randint(len(pool), (1,), generator=rng))]
            patch, truth = draw_patch(
                case, recipe.train_patch, recipe.tumour_share, recipe.augmentation, rng
            )
            if not made_up:
                others = [other for other in self.training if other is not case]
                patch, truth = carve_tumour(patch, truth, others, recipe.augmentation, rng)
                patch, truth = take_enhancement_away(
                    patch, truth, recipe.sequences, recipe.augmentation.unenhanced, rng
                )
            images.append(change_intensities(patch, recipe.augmentation, rng))
            labels.append(truth)
        batch = torch.stack(images).contiguous(memory_format=torch.channels_last_3d)
        return batch, torch.stack(labels)

    def loss(self, output: Tensor | Sequence[Tensor], target: Tensor) -> Tensor:
        """Return :func:`supervised_loss` of logits (n, 3, z, y, x) and labels (n, z, y, x)."""
        return supervised_loss(output, target)

    def validate(self, network: nn.Module) -> Validation:
        """Return the Dice of the validation cases; the score is the mean of cases and regions."""
        scores = validate(network, self.validation)
        figures = {f"Dice {region}": mean_dice(scores, (region,)) for region in REGIONS}
        cases = {
            name: {f"Dice {region}": dice for region, dice in score.items()}
            for name, score in scores.items()
        }
        return Validation(mean_dice(scores), figures if scores else {}, cases)

    def pictures(self, network: nn.Module, folder: Path) -> None:
        """Write a picture of the first few validation cases: what was drawn, and what was found."""
        for case in self.validation[:_PICTURES]:
            found = find_regions(network, case)[0].sum(0)
            write_picture(case, found, folder / f"{case.name}.png")


def _split(recipe: Recipe, cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
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
    if not training and recipe.phantom_share < 1:
        raise BadInput("no case is left to train on", do="Shorten the recipe's validation list")
    return training, [case for case in cases if case.name in recipe.validation]
