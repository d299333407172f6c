"""The stages of ``napari-acs finetune``, each with its progress bar; what they end in."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_acs.cli.as_told import command_told
from napari_acs.cli.progress import progress_shown
from napari_acs.inference.messages import Progress

if TYPE_CHECKING:
    from napari_acs.models import Bundle
    from napari_acs.training.cases import Case
    from napari_acs.training.finetune.figures import Figures
    from napari_acs.training.finetune.run import Plan
    from napari_acs.training.finetune.verdict import Verdict

_FEW = 50


@dataclass(frozen=True)
class Done:
    """A fine-tuned bundle that was written, and how it compares."""

    bundle: Bundle
    before: Figures | None
    after: Figures
    verdict: Verdict

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the JSON-ready record."""
        spec, parent = self.bundle.spec, plan.parent
        return {
            "format": 1,
            "model": {"id": spec.id, "version": spec.version, "sha256": self.bundle.sha256},
            "parent": {
                "id": parent.spec.id,
                "version": parent.spec.version,
                "sha256": parent.sha256,
            },
            "worse": self.verdict.worse,
            "verdict": self.verdict.why,
            "caution": self.verdict.caution,
            "before": self.before,
            "after": self.after,
        }

    def show(self) -> None:
        """Print before and after by case and region, and the verdict."""
        from rich.console import Console
        from rich.table import Table

        from napari_acs.inference.reference import REGIONS

        table = Table("case", "region", "Dice before", "after", "HD95 mm before", "after")
        for group, scores in self.after.items():
            cases = {"mean": scores} if group.startswith("mean_") else scores
            old = (self.before or {}).get(group, {})
            earlier = {"mean": old} if group.startswith("mean_") else old
            for case, regions in cases.items():
                for name in REGIONS:
                    then, now = earlier.get(case, {}).get(name), regions[name]
                    dice, far = (
                        (f"{then['dice']:.3f}", f"{then['hd95_mm']:.1f}") if then else ("", "")
                    )
                    cells = (dice, f"{now['dice']:.3f}", far, f"{now['hd95_mm']:.1f}")
                    table.add_row(case, name, *cells)
        Console().print(table)
        typer.echo(f"{self.verdict.why} {self.verdict.caution}".strip())
        size = self.bundle.spec.weights.size_bytes / 1e6
        typer.echo(f"{self.bundle.path}: {size:.1f} MB, {self.bundle.sha256[:12]}")


def carry_out(plan: Plan, run: Path, out: Path, device: str, stop: Callable[[], bool]) -> Done:
    """Prepare, judge the old model, tune, judge the new one, and write it.

    Raises
    ------
    BadInput
        Whatever is wrong with the cases or the output.
    Cancelled
        ``stop`` said so; the run's folder keeps what was done.
    """
    import shutil

    import torch

    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.training.finetune.figures import verdict_of
    from napari_acs.training.finetune.job import cases_of, tuned_network, write_bundle, write_draft
    from napari_acs.training.finetune.run import BEFORE, begin, refuse_another, remembered

    cache = run / "cache"
    record = plan.record()
    refuse_another(record, run)
    _prepared(plan, cache, device, stop)
    cases = cases_of(plan, cache)
    begin(record, run)  # not before: what was refused may be mended, and is the same run then
    atlas = _atlas(plan, cache) if plan.phantoms else None

    def judged(bundle: Bundle, when: str) -> Figures:
        return _judged(bundle, plan, when, device, atlas, stop)

    before = None
    if plan.parent.spec.status == "trained":
        before = remembered(run / BEFORE, lambda: judged(plan.parent, "before"))
    if not _tuned(plan, cases, run, device, stop):
        raise Cancelled
    network = tuned_network(plan, run)
    draft = run / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    after = judged(write_draft(plan, network, draft), "after")
    verdict = verdict_of(before, after)
    training = {
        "command": command_told(sys.argv[1:]),
        "steps": plan.recipe.steps,
        "device": device,
        "torch": torch.__version__,
    }
    bundle = write_bundle(plan, network, out, before, after, verdict, training)
    return Done(bundle, before, after, verdict)


def _prepared(plan: Plan, cache: Path, device: str, stop: Callable[[], bool]) -> None:
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.training.finetune.cases import prepare_corrected

    split = plan.split
    folders = (*split.training, *split.rehearsed, *split.held_out)
    with progress_shown("prepare") as show:
        for name, done, total in prepare_corrected(folders, cache, plan.parent.spec, device):
            show(Progress(done, total, name, done / total))
            if stop():
                raise Cancelled


def _judged(
    bundle: Bundle,
    plan: Plan,
    when: str,
    device: str,
    atlas: Path | None,
    stop: Callable[[], bool],
) -> Figures:
    from napari_acs.training.finetune.figures import figures_of

    with progress_shown(when) as show:
        return figures_of(
            bundle,
            plan,
            device,
            atlas=atlas,
            cancelled=stop,
            progress=lambda name, part: show(Progress(0, 1, name, part)),
        )


def _tuned(
    plan: Plan, cases: Sequence[Case], run: Path, device: str, stop: Callable[[], bool]
) -> bool:
    """Train; return False where the user stopped it."""
    from napari_acs.training.finetune.job import tune

    steps = plan.recipe.steps
    finished = True  # also where there is nothing left to do
    losses: list[float] = []
    stage = "training"
    with progress_shown(plan.recipe.id) as show:
        for step in tune(plan, cases, run, stop, device):
            finished = step.finished
            losses = [*losses, step.loss][-_FEW:]
            if step.step % _FEW == 1:
                # Not at every step: without a terminal each new stage is a line of its own.
                stage = f"loss {sum(losses) / len(losses):.3f}"
            show(Progress(step.step, steps, stage, step.step / steps))
            if step.validation is not None:
                figures = ", ".join(f"{k} {v:.3f}" for k, v in step.validation.figures.items())
                said = f"step {step.step}: held-out cases, in model space: {figures}"
                typer.echo(said, err=True)
    return finished


def _atlas(plan: Plan, cache: Path) -> Path:
    from napari_acs.training.cases import ATLAS
    from napari_acs.training.phantom import prepare_atlas

    file = cache / ATLAS
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        prepare_atlas(file, plan.recipe.spacing_mm)
    return file
