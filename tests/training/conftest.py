import numpy as np
import pytest
import torch

from napari_acs.training.cases import Case
from napari_acs.training.recipe import Recipe


def blob(seed: int, shape=(30, 34, 32)) -> Case:
    """A bright ball with a ring in noise: small, but all three regions can be learnt from it."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(shape)
    centre = [rng.uniform(0.35, 0.65) * n for n in shape]
    distance = np.sqrt(sum((a - c) ** 2 for a, c in zip((z, y, x), centre, strict=True)))
    labels = np.zeros(shape, np.uint8)
    labels[distance < 9] = 2
    labels[distance < 6] = 3
    labels[distance < 4] = 1
    images = rng.normal(0, 0.3, (4, *shape))
    for channel, value in enumerate(
        ((0, -1, -1, -1), (0, -1, -0.5, 3), (0, 3, 2, 2), (0, 1, 3, 2))
    ):
        images[channel] += np.asarray(value)[labels]
    return Case(
        f"blob{seed}",
        torch.from_numpy(images).half(),
        torch.from_numpy(labels),
        2.0,
    )


@pytest.fixture
def cases() -> list[Case]:
    return [blob(i) for i in range(4)]


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        id="tiny",
        title="Tiny",
        architecture={
            "encoder": "squeezenet1_1",
            "decoder_channels": [8, 8, 8, 8],
            "stem_channels": 8,
        },
        train_patch=(24, 24, 24),
        patch=(32, 32, 32),
        steps=6,
        decay_steps=2,
        validate_every=2,
        batch=1,
        phantom_share=0.0,
        validation=("blob0",),
        ema=0.9,
    )
