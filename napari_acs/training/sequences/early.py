"""The first stages of the encoder stay as ImageNet made them; what they see is kept.

They hold most of the work (the finest maps) and little of what is to be learnt: edges and blobs.
Run once over the pool, in a few variations of each box, they leave training to the later stages,
at a fifth of the time. Only the statistics of their batch norms are set anew, since a volume
whose air is 0 is no photograph: on phantoms, so that no held-out patient has a part in them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from napari_acs.models.classifier import ACSClassifier, pooled
from napari_acs.training.sequences.variation import varied

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.training.sequences.pool import Pool

FROZEN = 3
"""Stages of MobileNetV2 that stay: to 24 channels, at a fourth of the resolution."""
_BATCH = 16


class Late(nn.Module):
    """What is trained of a classifier, in place: from the maps of the early stages to logits."""

    def __init__(self, network: ACSClassifier) -> None:
        super().__init__()
        self.stages: nn.Module = network.encoder.trunk[FROZEN:]
        self.head = network.head

    def forward(self, maps: Tensor) -> Tensor:
        """Map (n, 24, z, y, x) to logits (n, classes)."""
        return torch.as_tensor(self.head(pooled(self.stages(maps))))


def fit_statistics(network: ACSClassifier, boxes: NDArray[np.float16]) -> None:
    """Set the batch norms of the early stages, in place, to what these boxes (n, z, y, x) give."""
    stages: nn.Module = network.encoder.trunk[:FROZEN]
    norms = [m for m in stages.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    stages.train()
    with torch.no_grad():
        for start in range(0, len(boxes) - _BATCH + 1, _BATCH):
            stages(torch.from_numpy(boxes[start : start + _BATCH]).float()[:, None])
    stages.eval()
    for norm in norms:
        norm.momentum = 0.1


@torch.no_grad()
def early_maps(network: ACSClassifier, pool: Pool, copy: int, file: Path) -> NDArray[np.float16]:
    """Return the early stages' maps of every box (n, 24, z, y, x), made once and kept in a file.

    Parameters
    ----------
    network : ACSClassifier
        With fitted statistics.
    pool : Pool
    copy : int
        0: the boxes as they are, as networks are judged by. Others: a variation of each, drawn
        by this number.
    file : Path
        ``.npy``; read without being loaded into memory.
    """
    if not file.is_file():
        stages = network.encoder.trunk[:FROZEN].eval()
        parts = []
        for start in range(0, len(pool.boxes), _BATCH):
            chosen = range(start, min(start + _BATCH, len(pool.boxes)))
            x = torch.stack([torch.from_numpy(pool.boxes[i]).float() for i in chosen])
            if copy:
                x = torch.stack(
                    [
                        varied(np.random.default_rng((copy, i)), box)
                        for i, box in zip(chosen, x, strict=True)
                    ]
                )
            parts.append(stages(x[:, None]).half().numpy())
        unfinished = file.with_suffix(".part")
        with unfinished.open("wb") as out:
            np.save(out, np.concatenate(parts))
        unfinished.replace(file)
    kept: NDArray[np.float16] = np.load(file, mmap_mode="r", allow_pickle=False)
    return kept
