"""What is shown of a run's steps where there is no terminal."""

import types

from napari_acs.cli.progress import progress_shown
from napari_acs.cli.train_progress import follow_steps
from napari_acs.training.loop import Step
from napari_acs.training.task import Validation


def test_a_run_that_goes_on_shows_its_loss_from_its_first_step(capsys):
    judged = Validation(0.5, {"Dice WT": 0.7, "Dice TC": 0.3})
    steps = [Step(13, 1.5, 1e-3, 0.1), Step(14, 0.5, 1e-3, 0.1, judged, last=True, finished=True)]
    shown = []
    assert follow_steps(types.SimpleNamespace(steps=14), iter(steps), shown.append)
    last = "loss 1.000, Dice WT 0.700, TC 0.300"
    assert [message.stage for message in shown] == ["loss 1.500", last]
    assert [message.done for message in shown] == [13, 14]
    assert "step 14: validation Dice WT 0.700, TC 0.300" in capsys.readouterr().err


def test_every_line_of_a_short_run_shows_the_loss_as_it_is_then(capsys):
    """Of a run of 300 steps all lines to the 50th had said the loss of the first."""
    steps = [Step(n, float(n), 1e-3, 0.1, last=n == 30, finished=n == 30) for n in range(1, 31)]
    with progress_shown("run") as show:
        follow_steps(types.SimpleNamespace(steps=30), iter(steps), show)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "run: loss 1.000 1/30 (3%)"
    assert lines[1] == "run: loss 2.000 3/30 (10%)"
    assert lines[-1] == "run: loss 15.500 30/30 (100%)"
    assert len(lines) == 11


def test_a_run_that_was_stopped_has_not_finished():
    stopped = Step(2, 1.0, 1e-3, 0.1, last=True, finished=False)
    assert not follow_steps(types.SimpleNamespace(steps=9), iter([stopped]), lambda _: None)
