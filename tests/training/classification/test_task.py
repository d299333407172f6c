"""Batches, the loss and the judgement of a classifier's training."""

from __future__ import annotations

import pytest
import torch

from napari_acs.training.classification.boxes import middle
from napari_acs.training.classification.run import start_classifier
from napari_acs.training.classification.stages import FIRST, LAST, stages_of
from napari_acs.training.classification.task import ClassificationTask, logits_of


def test_batches_depend_on_seed_and_step_alone_and_classes_come_equally_often(recipe, boxes):
    rare = [b for b in boxes if b.label == 0] + [b for b in boxes if b.label == 1][:1]
    task = ClassificationTask(recipe(batch=64), rare, [], [])
    x, y = task.draw(3)
    assert x.shape == (64, 3, 16, 16, 16) and x.dtype == torch.float32
    assert 20 < int(y.sum()) < 44
    again = ClassificationTask(recipe(batch=64), rare, [], []).draw(3)
    assert torch.equal(x, again[0]) and torch.equal(y, again[1])
    assert not torch.equal(x, task.draw(4)[0])
    assert set(x[:, 2].unique().tolist()) == {0, 1}  # the mask stays a mask
    few = ClassificationTask(recipe(batch=64, balanced=False), rare, [], []).draw(3)[1]
    assert int(few.sum()) < 20


def test_only_sequences_that_may_be_missing_are_left_out(recipe, boxes):
    task = ClassificationTask(recipe(batch=32, augmentation={"drop_sequences": 1.0}), boxes, [], [])
    x, _ = task.draw(0)
    empty = x.flatten(2).eq(0).all(dim=2)
    assert 5 < int(empty[:, 1].sum()) < 28 and not empty[:, 0].any() and not empty[:, 2].any()


def test_without_augmentation_the_middle_is_what_is_drawn(recipe, boxes):
    still = {"rotation_degrees": 0, "scale": [1, 1], "elastic_mm": 0, "intensity": 0}
    plan = recipe(augmentation=still | {"drop_sequences": 0}, margin=[0, 0, 0], balanced=False)
    plan = plan.model_copy(
        update={"input": plan.input.model_copy(update={"size": (20, 20, 20)}), "batch": 16}
    )
    x, _ = ClassificationTask(plan, boxes[:1], [], []).draw(0)
    seen = middle(boxes[0].channels, (0, 0, 0))
    # Scales differ a little along each axis, a half of them is mirrored; the rest is the same.
    assert float((x.mean(dim=0) - seen).abs().mean()) < 0.45
    assert middle(boxes[0].channels, (2, 3, 4)).shape == (3, 16, 14, 12)


def test_the_judgement_is_of_the_middle_and_counts_likelihood(recipe, boxes):
    plan = recipe()
    network = start_classifier(plan, None, pretrained=False).eval()
    task = ClassificationTask(plan, boxes[:12], [], boxes[12:])
    judged = task.validate(network)
    with torch.no_grad():
        x = torch.stack([middle(b.channels, plan.margin) for b in boxes[12:]])
        expected = torch.nn.functional.cross_entropy(
            network(x), torch.tensor([b.label for b in boxes[12:]])
        )
    assert judged.score == pytest.approx(-float(expected), abs=1e-5)
    assert judged.figures["log loss"] == pytest.approx(float(expected), abs=1e-5)
    assert set(judged.cases) == {b.name for b in boxes[12:]}
    torch.testing.assert_close(logits_of(network, boxes[12:13], plan.margin), network(x[:1]))


def test_pictures_say_truth_and_probability(recipe, boxes, tmp_path):
    plan = recipe()
    task = ClassificationTask(plan, boxes, [], boxes[:5])
    task.pictures(start_classifier(plan, None, pretrained=False).eval(), tmp_path)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert len(names) == 4 and names[0].startswith("case-0-dark-0.")


def test_no_patient_is_on_both_sides_of_a_fold_and_every_case_is_held_out_once(recipe, boxes):
    phantoms = {"count": 1, "steps": 3, "options": {}}
    stages = stages_of(recipe(phantoms=phantoms), boxes)
    assert [s.name for s in stages] == [FIRST, "fold-1", "fold-2", "fold-3", LAST]
    held = [b.name for s in stages for b in s.held_out]
    assert sorted(held) == sorted(b.name for b in boxes)
    for stage in stages[1:-1]:
        assert not {b.patient for b in stage.training} & {b.patient for b in stage.held_out}
        assert len(stage.training) + len(stage.held_out) == len(boxes)
    assert stages[-1].training == tuple(boxes) and not stages[0].training


def test_a_class_may_weigh_more_in_the_loss(recipe, boxes):
    """By its definition: the mean of -log p of the truth, each weighed by its class."""
    logits = torch.tensor([[2.0, -1.0], [0.5, 1.0], [1.5, 0.0]])
    target = torch.tensor([0, 1, 1])
    plan = recipe(class_weights=(1, 4), label_smoothing=0.0)
    loss = ClassificationTask(plan, boxes, [], []).loss(logits, target)
    each = -logits.log_softmax(dim=1)[torch.arange(3), target]
    weights = torch.tensor([1.0, 4.0, 4.0])
    assert float(loss) == pytest.approx(float((each * weights).sum() / weights.sum()))
    for wrong in ((1,), (1, 0)):
        with pytest.raises(ValueError, match="positive number for every class"):
            recipe(class_weights=wrong)


def test_the_seed_decides_the_start_and_the_batches(recipe, boxes):
    def drawn(seed):
        plan = recipe(seed=seed)
        weights = start_classifier(plan, None, pretrained=False).state_dict()["head.1.weight"]
        return weights, ClassificationTask(plan, boxes, [], []).draw(3)[0]

    for once, again, other in zip(drawn(1), drawn(1), drawn(2), strict=True):
        assert once.equal(again)
        assert not once.equal(other)
