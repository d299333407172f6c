"""Whether the sequences lie on one grid, and how well those fit that were registered."""

from __future__ import annotations

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.outline import strangers
from napari_acs.imaging.check.subject import Subject, title, titles
from napari_acs.imaging.step import Step


def grids(subject: Subject) -> CheckLine:
    """Different grids are red, as is a registration that failed; one to look at is amber."""
    if not subject.volumes:
        return CheckLine("grids", "green", "No grids to compare")
    first, *others = subject.volumes
    reference = subject.volumes[first].grid
    apart = []
    for key in others:
        difference = reference.difference(subject.volumes[key].grid)
        if difference:
            apart.append(f"{title(first)} against {title(key)}: {difference}")
    if apart:
        return CheckLine(
            "grids",
            "red",
            "Sequences lie on different grids",
            "; ".join(apart),
            "Align them to one sequence, or choose fewer sequences",
            "align",
        )
    registered = [key for key, v in subject.volumes.items() if _last_registration(v.history)]
    if (heads := subject.heads) and len(registered) < len(others):
        return CheckLine(
            "grids",
            "amber",
            "One grid, but nobody has said that they are aligned",
            f"{titles(heads)} as the scanner gave them, and the patient may have moved in between",
            "Align them; what fits already stays as it is",
            "align",
        )
    line = _registered(subject)
    if line.status == "green" and (odd := strangers(subject)):
        have = "does not have" if len(odd) == 1 else "do not have"
        whose = "one outline" if len(odd) == len(subject.volumes) else "the outline of the others"
        return CheckLine(
            "grids",
            "amber",
            "A sequence may be of another patient, or was moved",
            f"the brain in {titles(odd)} {have} {whose}",
            "Compare the ventricles and the brain's edge, and look at where the files are from",
        )
    return line


def _registered(subject: Subject) -> CheckLine:
    steps = {key: _last_registration(v.history) for key, v in subject.volumes.items()}
    moved = {key: step for key, step in steps.items() if step is not None}
    said = {key: _said(key, step) for key, step in moved.items()}
    failed = [said[key] for key, step in moved.items() if step.verdict == "failed"]
    look = [said[key] for key, step in moved.items() if step.verdict == "look"]
    if failed:
        return CheckLine(
            "grids",
            "red",
            "The alignment failed",
            "; ".join(failed + look),
            "Align by hand, or leave the sequence out",
            "align",
        )
    if look:
        return CheckLine(
            "grids",
            "amber",
            "Look at the alignment before you trust it",
            "; ".join(look),
            "Lay the sequences over each other and compare the ventricles and the brain's edge",
        )
    if len(subject.volumes) == 1:
        return CheckLine("grids", "green", "One sequence, one grid")
    return CheckLine("grids", "green", "Sequences lie on one grid", "; ".join(said.values()))


def _last_registration(history: tuple[Step, ...]) -> Step | None:
    return next((step for step in reversed(history) if step.name == "registered"), None)


def _said(key: str, step: Step) -> str:
    return f"{title(key)}: {step.why.rstrip('. ')}" if step.why else f"{title(key)} was aligned"
