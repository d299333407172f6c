from dataclasses import replace

import torch

from napari_acs.training.segmentation import SegmentationTask


class OnePhantom:
    def __init__(self, case):
        self._case = replace(case, labels=torch.full_like(case.labels, 2))

    def at(self, _step):
        return [self._case]


def test_the_first_steps_may_see_phantoms_only(recipe, cases):
    plan = recipe.model_copy(update={"phantoms_first": 3, "batch": 4, "tumour_share": 1.0})
    task = SegmentationTask(plan, cases, OnePhantom(cases[1]))
    seen = [[bool((case == 2).float().mean() > 0.5) for case in task.draw(s)[1]] for s in range(6)]
    assert all(all(step) for step in seen[:3])
    assert not any(any(step) for step in seen[3:])
