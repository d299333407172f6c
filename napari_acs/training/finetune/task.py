"""A fine-tune as the training loop sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_acs.models.networks import region_probabilities
from napari_acs.models.spec import OutputSpec
from napari_acs.training.cases import Case
from napari_acs.training.finetune.loss import loss_for
from napari_acs.training.losses import region_masks
from napari_acs.training.recipe import Recipe
from napari_acs.training.segmentation import SegmentationTask
from napari_acs.training.task import Validation
from napari_acs.training.validation import REGIONS


class FinetuneTask(SegmentationTask):
    """Segmentation by a bundle's own kind of output, judged in windows on held-out cases.

    Parameters
    ----------
    recipe : Recipe
    output : OutputSpec
        Of the bundle.
    cases : sequence of Case
        All cases; those the recipe names for validation are kept apart. See `balanced` for how
        corrected and rehearsed ones are mixed.
    """

    def __init__(self, recipe: Recipe, output: OutputSpec, cases: Sequence[Case]) -> None:
        super().__init__(recipe, cases)
        self._output, self._loss = output, loss_for(output)

    def loss(self, output: Tensor | Sequence[Tensor], target: Tensor) -> Tensor:
        """Return the loss of logits (n, channels, z, y, x) for labels (n, z, y, x)."""
        finest = output if isinstance(output, Tensor) else output[0]
        return self._loss(finest, target)

    @torch.inference_mode()
    def validate(self, network: nn.Module) -> Validation:
        """Return Dice at a threshold of 0.5 by case and region, in model space.

        In windows of the recipe's patch: a study at 1 mm in one piece would not fit a small
        computer. A compass only; before and after are judged by the whole pipeline.
        """
        cases = {case.name: self._dice(network, case) for case in self.validation}
        means = {
            name: sum(scores[name] for scores in cases.values()) / len(cases) for name in REGIONS
        }
        score = sum(means.values()) / len(means)
        return Validation(score, {f"Dice {name}": value for name, value in means.items()}, cases)

    def pictures(self, network: nn.Module, folder: Path) -> None:
        """Write nothing: the figures of a fine-tune are in its card."""

    def _dice(self, network: nn.Module, case: Case) -> dict[str, float]:
        from monai.inferers.utils import sliding_window_inference  # noqa: PLC0415 (slow)

        device = next(network.parameters()).device
        images = case.images[None].float().to(device)
        logits = sliding_window_inference(images, self.recipe.patch, 1, network, overlap=0.25)
        assert isinstance(logits, Tensor)
        found = (region_probabilities(logits, self._output)[0] > 0.5).cpu()
        truth = region_masks(case.labels[None])[0] > 0.5
        return {name: _overlap(found[i], truth[i]) for i, name in enumerate(REGIONS)}


def _overlap(a: Tensor, b: Tensor) -> float:
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0
