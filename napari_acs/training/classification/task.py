"""Classification as the training loop sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.training.cases import Case
from napari_acs.training.classification.boxes import Box, middle
from napari_acs.training.classification.recipe import ClassificationRecipe
from napari_acs.training.intensity import change_intensities
from napari_acs.training.spatial import draw_patch
from napari_acs.training.task import Validation

_PICTURES = 4


class ClassificationTask:
    """Boxes to train on and boxes to judge by.

    Parameters
    ----------
    recipe : ClassificationRecipe
    training : sequence of Box
        Cases; may be empty where there are phantoms.
    phantoms : sequence of Box
        Of these the recipe's share of each batch is drawn.
    held_out : sequence of Box
        Never trained on.
    """

    def __init__(
        self,
        recipe: ClassificationRecipe,
        training: Sequence[Box],
        phantoms: Sequence[Box],
        held_out: Sequence[Box],
    ) -> None:
        self._recipe, self._held_out = recipe, list(held_out)
        self._groups = [list(training), list(phantoms)]
        self._share = recipe.phantoms.share if training else 1.0
        if not phantoms:
            self._share = 0.0

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Return a step's batch: boxes (n, c, z, y, x) float32, and classes (n) int64."""
        rng = torch.Generator().manual_seed(self._recipe.seed * 7_919 + step)
        pairs = [self._sample(rng) for _ in range(self._recipe.batch)]
        boxes = torch.stack([box for box, _ in pairs])
        return boxes.contiguous(memory_format=torch.channels_last_3d), torch.tensor(
            [label for _, label in pairs]
        )

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean cross-entropy, weighed by class where the recipe says so."""
        said = self._recipe.class_weights
        weight = torch.tensor(said, device=output.device) if said else None
        smoothing = self._recipe.label_smoothing
        return F.cross_entropy(output.float(), target, weight, label_smoothing=smoothing)

    def validate(self, network: nn.Module) -> Validation:
        """Judge by the held-out boxes; the score is their mean log likelihood."""
        if not self._held_out:
            return Validation(0.0)
        logits = logits_of(network, self._held_out, self._recipe.margin)
        truth = torch.tensor([box.label for box in self._held_out])
        likelihood = logits.log_softmax(dim=1)[torch.arange(len(truth)), truth]
        right = (logits.argmax(dim=1) == truth).float()
        figures = {"accuracy": float(right.mean()), "log loss": -float(likelihood.mean())}
        cases = {
            box.name: {"p(true class)": float(value.exp())}
            for box, value in zip(self._held_out, likelihood, strict=True)
        }
        return Validation(float(likelihood.mean()), figures, cases)

    def pictures(self, network: nn.Module, folder: Path) -> None:
        """Write the middle slices of a few held-out boxes, a channel beside the other."""
        from PIL import Image  # noqa: PLC0415

        for box in self._held_out[:_PICTURES]:
            channels = middle(box.channels, self._recipe.margin)
            row = torch.cat(list(channels[:, channels.shape[1] // 2]), dim=1)
            low, high = float(row.min()), float(row.max())
            grey = (row - low) / max(high - low, 1e-6) * 255
            p = logits_of(network, [box], self._recipe.margin).softmax(dim=1)[0, box.label]
            name = f"{box.name}-{self._recipe.classes[box.label].name}-{float(p):.2f}.png"
            Image.fromarray(grey.to(torch.uint8).numpy()).save(folder / name)

    def _sample(self, rng: torch.Generator) -> tuple[Tensor, int]:
        made_up = float(torch.rand(1, generator=rng)) < self._share
        pool = self._groups[made_up]
        if self._recipe.balanced:
            labels = sorted({box.label for box in pool})
            wanted = labels[int(torch.randint(len(labels), (1,), generator=rng))]
            pool = [box for box in pool if box.label == wanted]
        box = pool[int(torch.randint(len(pool), (1,), generator=rng))]
        return self._changed(box.channels, rng), box.label

    def _changed(self, channels: Tensor, rng: torch.Generator) -> Tensor:
        """Move, turn, bend and recolour a box; leave sequences out that may be missing."""
        recipe = self._recipe
        count = len(recipe.input.channels)
        mask = channels[count] > 0.5 if recipe.input.mask_channel else channels[0] * 0
        case = Case("", channels[:count], mask.to(torch.uint8), recipe.input.spacing_mm[0])
        images, inside = draw_patch(case, recipe.input.size, 0.0, recipe.augmentation, rng)
        keep = recipe.augmentation.model_copy(update={"drop_sequences": 0.0})
        images = change_intensities(images, keep, rng)
        if float(torch.rand(1, generator=rng)) < recipe.augmentation.drop_sequences:
            for place, channel in enumerate(recipe.input.channels):
                if not channel.required and float(torch.rand(1, generator=rng)) < 0.45:
                    images[place] = 0
        return torch.cat([images, inside[None].float()]) if recipe.input.mask_channel else images


@torch.inference_mode()
def logits_of(network: nn.Module, boxes: Sequence[Box], margin: Sequence[int]) -> Tensor:
    """Return the logits (n, classes), on the CPU, of a network in eval mode."""
    device = next(network.parameters()).device
    seen = (middle(box.channels, margin)[None].to(device) for box in boxes)
    return torch.cat([network(box).float().cpu() for box in seen])
