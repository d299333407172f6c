"""What a run's folder says of how it was made: the recipe as resolved, and where it ran."""

from __future__ import annotations

import json
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from napari_acs.models.atomic import file_appears
from napari_acs.training.recipe import RunPlan

_PACKAGES = (
    *("napari-acs", "torch", "torchvision", "numpy", "lightning-fabric", "monai", "SimpleITK"),
    *("nilearn", "tensorboard"),
)


def describe_run(
    run: Path, plan: RunPlan, *, step: int, device: str, processes: int, precision: str
) -> None:
    """Write ``recipe.yaml`` and add this start to ``environment.json``.

    Parameters
    ----------
    run : Path
        The run's folder.
    plan : RunPlan
        The recipe with every default and change.
    step : int
        Steps done before this start.
    device, processes, precision
        What computes, as Fabric has it.
    """
    import yaml  # noqa: PLC0415  (the recipe was YAML; a library's caller may do without)

    with file_appears(run / "recipe.yaml", replace=True) as staging:
        text = yaml.safe_dump(plan.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        staging.write_text(text, encoding="utf-8")
    file = run / "environment.json"
    starts = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    now = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "from_step": step,
        "command": shlex.join(sys.argv),
        "device": device,
        "processes": processes,
        "precision": precision,
        **environment(),
    }
    with file_appears(file, replace=True) as staging:
        staging.write_text(json.dumps([*starts, now], indent=2) + "\n", encoding="utf-8")


def environment() -> dict[str, Any]:
    """Return the versions of what trains, and the state of this package's git repository."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "git": git_state(Path(__file__).parent),
    }


def git_state(folder: Path) -> Mapping[str, Any] | None:
    """Return the commit that a folder is at and the files that differ; None outside git."""
    if shutil.which("git") is None or not (commit := _git(folder, "rev-parse", "HEAD")):
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no") or ""
    return {"commit": commit.strip(), "changed": changed.splitlines()}


def _git(folder: Path, *arguments: str) -> str | None:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout if done.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
