"""The three steps of making the classifier: the pool, the networks, the bundle."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_acs.models.bundle import save_classifier
from napari_acs.models.classifier import ACSClassifier
from napari_acs.models.encoders import trunk_from_file
from napari_acs.training.phantom import load_atlas
from napari_acs.training.sequences.card import ARCHITECTURE, card, description
from napari_acs.training.sequences.early import FROZEN, Late, early_maps, fit_statistics
from napari_acs.training.sequences.fit import Plan, fit, logits_of
from napari_acs.training.sequences.pool import (
    CLASSES,
    PHANTOM,
    Pool,
    gathered,
    load_pool,
    of_noise,
    of_patient,
    of_phantom,
)
from napari_acs.training.sequences.report import held_out_logits, judged
from napari_acs.training.sequences.sources import patients

FOLDS = 5
PHANTOMS = 16
COPIES = 2
RUNS = (*map(str, range(FOLDS)), "final")


def make_pool(data: Path, atlas: Path, work: Path) -> None:
    """Write ``work/pool.npz``; the part of each patient is kept as it is made."""
    parts = work / "parts"
    parts.mkdir(exist_ok=True)
    for index, (name, read) in enumerate(patients(data).items()):
        file = parts / f"{name}.npz"
        if not file.is_file():
            gathered(list(of_patient(read(), index))).save(file)
            _say(name)
    loaded = load_atlas(atlas)
    for seed in range(PHANTOMS):
        file = parts / f"{PHANTOM}-{seed}.npz"
        if not file.is_file():
            gathered(list(of_phantom(loaded, seed))).save(file)
            _say(f"phantom {seed}")
    for index, name in enumerate(patients(data)):
        file = parts / f"noise-{name}.npz"
        if not file.is_file():
            gathered(list(of_noise(name, index))).save(file)
    pools = [load_pool(file) for file in sorted(parts.glob("*.npz"))]
    whole = Pool(
        *(
            np.concatenate([getattr(pool, key) for pool in pools])
            for key in ("boxes", "classes", "patients", "kinds")
        )
    )
    whole.save(work / "pool.npz")
    _say(f"{len(whole.classes)} boxes")


def folds_of(pool: Pool) -> np.ndarray:
    """Return the fold of every entry; a patient is in one, and what is no patient's in -1."""
    names = sorted(set(pool.patients.tolist()) - {PHANTOM})
    order = np.random.default_rng(6).permutation(len(names))
    fold = {names[i]: place % FOLDS for place, i in enumerate(order)}
    return np.array([fold.get(name, -1) for name in pool.patients.tolist()])


def train_all(
    work: Path, encoder_weights: Path, runs: Sequence[str] = RUNS, copies: int = COPIES
) -> None:
    """Train a network for each fold, keep its logits of what it never saw, then one on all.

    ``runs`` names some of `RUNS`, where several processes share the work. ``copies`` is how many
    variations of every box are learnt from, beside the boxes as they are.
    """
    pool = load_pool(work / "pool.npz")
    folds = folds_of(pool)
    for fold in runs:
        told = work / f"logits-{fold}.npz"
        if told.is_file():
            continue
        final = fold == RUNS[-1]
        plan = Plan(seed=FOLDS if final else int(fold))
        network = fresh(pool, encoder_weights, plan.seed, work / "early.pt")
        maps = [early_maps(network, pool, i, work / f"maps-{i}.npy") for i in range(copies + 1)]
        held_out = np.zeros(len(folds), bool) if final else folds == int(fold)
        seen = np.flatnonzero(~held_out)
        for step, loss in fit(
            Late(network), maps, pool.classes, seen, plan, work / f"checkpoint-{fold}.pt"
        ):
            if step % 25 == 0:
                _say(f"{fold}: step {step}, loss {loss:.3f}")
        torch.save(network.state_dict(), work / f"network-{fold}.pt")
        if final:
            np.savez(told, done=True)
            continue
        logits = logits_of(Late(network), maps[0][held_out])
        right = logits.argmax(1) == pool.classes[held_out]
        for kind in sorted(set(pool.kinds[held_out].tolist())):
            these = pool.kinds[held_out] == kind
            _say(f"{fold}: {kind} {right[these].mean():.1%} of {these.sum()}")
        np.savez(told, where=np.flatnonzero(held_out), logits=logits)


def fresh(pool: Pool, encoder_weights: Path, seed: int, early: Path) -> ACSClassifier:
    """Return the network before training: ImageNet's encoder, a random head.

    ``early`` keeps the early stages, the same for all runs.
    """
    torch.manual_seed(seed)
    network = ACSClassifier(
        **ARCHITECTURE,
        in_channels=1,
        classes=len(CLASSES),
        trunk=trunk_from_file(ARCHITECTURE["encoder"], encoder_weights),
    )
    stages: nn.Module = network.encoder.trunk[:FROZEN]
    if early.is_file():
        stages.load_state_dict(torch.load(early, weights_only=True))
    else:
        fit_statistics(network, pool.boxes[pool.patients == PHANTOM])
        torch.save(stages.state_dict(), early)
    return network


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def make_bundle(work: Path, out: Path) -> None:
    """Write the bundle of the network that saw all patients, with what the folds say of it.

    Raises
    ------
    BadInput
        ``out`` exists.
    """
    pool = load_pool(work / "pool.npz")
    where, logits = held_out_logits(work)
    metrics = judged(pool, where, logits)
    training = {
        "command": "python -m napari_acs.training.sequences pool|fit|bundle",
        "steps": f"{Plan().steps} of {Plan().batch} boxes a fold, the same on all",
        "boxes": f"{len(pool.classes)} of {len(set(pool.patients.tolist()) - {PHANTOM})} patients "
        f"and {PHANTOMS} phantoms",
        "copies": f"each box as it is and in {COPIES} variations",
        "encoder weights": "torchvision's MobileNetV2 of ImageNet (IMAGENET1K_V1), BSD-3-Clause",
    }
    network = ACSClassifier(**ARCHITECTURE, in_channels=1, classes=len(CLASSES))
    network.load_state_dict(torch.load(work / f"network-{RUNS[-1]}.pt", weights_only=True))
    told = card(metrics, training)
    save_classifier(out, description(metrics, training), network, told, half=True)
    _say(card(metrics, training))
