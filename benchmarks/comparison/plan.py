"""What is run at which size: recipe, folds, seeds, and the order of the runs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from comparison.arms import ARMS, ENCODERS, FINEST, Arm, widths
from napari_acs.training.cases import Case
from napari_acs.training.recipe import Augmentation, Recipe


@dataclass(frozen=True)
class Size:
    """One size of the comparison; the same for all its arms.

    Attributes
    ----------
    spacing_mm : float
        Of the prepared cache.
    patch : tuple of int
        Training patch (z, y, x).
    rate : float
        Learning rate, of encoder and decoder alike; see ``--tune``.
    every : int
        Steps between two looks at the held-out cases.
    precision : str
        Of the network's arithmetic in training. On the CPU float32: there torch 2.14 computes
        gradients of a 3 x 3 x 3 layer on maps of a few voxels in bfloat16 from memory that it has
        not written, and now and then they are not numbers.
    finest : int
        Channels at full resolution, where most of the time goes.
    """

    name: str
    spacing_mm: float
    patch: tuple[int, int, int]
    batch: int
    steps: int
    every: int
    folds: int
    seeds: int
    arms: tuple[str, ...]
    rate: float
    precision: str
    finest: int
    encoders: tuple[str, ...] = ENCODERS


_SMALL_ARMS = tuple(name for name in ARMS if name != "mean-imagenet")

SIZES: dict[str, Size] = {
    size.name: size
    for size in (
        Size("small", 4.0, (32, 40, 32), 2, 400, 80, 2, 3, _SMALL_ARMS, 3e-3, "fp32", 8),
        Size("full", 2.0, (80, 96, 80), 2, 6000, 250, 5, 3, tuple(ARMS), 1e-3, "bf16", FINEST),
    )
}

_AUGMENTATION = Augmentation(drop_sequences=0.0, intensity=0.3)
"""No sequence is dropped and greys change little: that is for studies unlike BraTS, which nobody
is judged on here, and of a few hundred steps it takes too many."""

TUNED_RATES = (1e-3, 3e-3)
TUNED_ARMS = ("acs-imagenet", "conv3d-scratch")
"""The two ends of the comparison: a rate that suits one of them alone does not win."""


@dataclass(frozen=True)
class Job:
    """One training run. With a rate it is a trial of ``--tune``."""

    size: str
    encoder: str
    arm: str
    fold: int
    seed: int
    rate: float | None = None

    @property
    def key(self) -> str:
        """Return the run's name, of which the results file holds one row."""
        trial = f"-rate{self.rate:g}" if self.rate is not None else ""
        return f"{self.size}-{self.encoder}-{self.arm}-fold{self.fold}-seed{self.seed}{trial}"


def jobs(size: Size) -> list[Job]:
    """Return all runs, arms in turn: cut short anywhere, the runs have every arm.

    All folds of a seed come before the next seed, so that all cases are judged early.
    """
    return [
        Job(size.name, encoder, arm, fold, seed)
        for seed in range(size.seeds)
        for fold in range(size.folds)
        for encoder in size.encoders
        for arm in size.arms
    ]


def tuning_jobs(size: Size) -> list[Job]:
    """Return the trials that choose the learning rate: within the training cases of fold 0."""
    return [
        Job(size.name, encoder, arm, 0, 1000, rate)
        for rate in TUNED_RATES
        for encoder in size.encoders
        for arm in TUNED_ARMS
    ]


def patients_of(cases: Sequence[Case]) -> dict[str, str]:
    """Return whose each case is, by its name; one that does not say is a patient of its own."""
    return {case.name: (case.patient or case.name).casefold() for case in cases}


def held_out(
    job: Job, size: Size, patients: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the cases to judge on, and all that must not be trained on.

    Patients are dealt, not cases: of somebody who was scanned twice both are in one fold. The
    sources of the cases (BraTS 2018, 2020, 2021) are dealt evenly. A trial judges on a third of
    fold 0's training cases, and leaves that fold alone.

    Parameters
    ----------
    job : Job
    size : Size
    patients : mapping of str to str
        Every case's patient, see :func:`patients_of`.
    """
    names = list(patients)
    fold = _deal(patients, size.folds)
    if job.rate is None:
        judged = tuple(name for name in names if fold[name] == job.fold)
        return judged, judged
    training = [name for name in names if fold[name] != 0]
    inner = _deal({name: patients[name] for name in training}, 3)
    judged = tuple(name for name in training if inner[name] == 0)
    return judged, (*judged, *(name for name in names if fold[name] == 0))


def _deal(patients: Mapping[str, str], folds: int) -> dict[str, int]:
    first: dict[str, str] = {}
    for name in sorted(patients):
        first.setdefault(patients[name], name)
    shuffled = list(first.values())
    random.Random(2026).shuffle(shuffled)
    by_source = sorted(shuffled, key=lambda name: name.split("_")[0])  # stable: shuffled within
    place = {patients[name]: number % folds for number, name in enumerate(by_source)}
    return {name: place[patient] for name, patient in patients.items()}


def recipe_of(job: Job, size: Size, patients: Mapping[str, str]) -> Recipe:
    """Return the recipe of a run; but for the network, it is that of every other arm."""
    arm: Arm = ARMS[job.arm]
    return Recipe(
        id=job.key,
        title=job.key,
        architecture={
            "encoder": job.encoder,
            "decoder_channels": list(widths(job.encoder, size.finest)),
            "stem_channels": size.finest,
            "mode": arm.mode,
            "decoder_mode": arm.decoder,
        },
        spacing_mm=size.spacing_mm,
        train_patch=size.patch,
        patch=size.patch,
        batch=size.batch,
        steps=size.steps,
        warm_up_steps=min(100, size.steps // 10),
        decay_steps=size.steps // 3,
        learning_rate=job.rate or size.rate,
        # One rate throughout: a slower encoder would favour the arms that start from ImageNet.
        encoder_rate=1.0,
        precision=size.precision,
        # An average over more than a tenth of a short run would lag behind it.
        ema=0.998 if size.steps >= 5000 else 0.98,
        phantom_share=0.0,
        validate_every=size.every,
        checkpoint_every=0,  # at looks alone: one between them would have no look to go on from
        seed=job.seed,
        # The held-out cases are judged here, where no time is counted: the loop only trains.
        validation=(),
        exclude=held_out(job, size, patients)[1],
        augmentation=_AUGMENTATION,
    )
