"""How well sequences are told by grey values alone: leave one patient out, and fit the rule.

    OMP_NUM_THREADS=1 python benchmarks/identify.py [--fit] [--network DIR]

Reads the shared cases (``../shared/data``; NAPARI_ACS_SHARED_DATA names another folder). Every
patient is judged by a rule fitted without it. Whole heads and cases the rule may not be fitted
on (BraTS 2013: no derivatives; the phantom) are judged by the shipped rule, and listed.

With ``--network`` the sequence classifier stands beside the statistics, on the same volumes: DIR is
the ``--work`` of ``python -m napari_acs.training.sequences``, whose networks never saw the patient
that they judge. Then the two are put together as `identify` does: the surer speaks.
"""

from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path

import numpy as np

from napari_acs.imaging import SEQUENCES, Volume, find_sequences, read_volume, sample_study
from napari_acs.imaging.identify.features import look, rank_correlation
from napari_acs.imaging.identify.rule import Rule, fit
from napari_acs.imaging.identify.statistics import SURE, from_statistics

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
TCGA = "tcga-lgg-native/TCGA-FG-6692"
Case = dict[str, Volume]


def read(folder: Path) -> Case:
    return {key: read_volume(path) for key, path in find_sequences(folder).items()}


def patients() -> list[Path]:
    folders = [*(DATA / "brats2021").iterdir(), *(DATA / "brats2018-2020-8bit").iterdir()]
    return [*sorted(f for f in folders if f.is_dir()), DATA / TCGA / "brats_space"]


def measure(case: Case) -> tuple[np.ndarray, dict[tuple[int, int], float]]:
    looks = [look(case[key]) for key in SEQUENCES]
    pairs = itertools.combinations(range(4), 2)
    return np.array([x.values for x in looks]), {
        (i, j): rank_correlation(looks[i], looks[j]) for i, j in pairs
    }


def fit_all(measured: list[tuple[np.ndarray, dict[tuple[int, int], float]]]) -> Rule:
    pairs = {pair: [m[1][pair] for m in measured] for pair in itertools.combinations(range(4), 2)}
    return fit(np.concatenate([m[0] for m in measured]), [0, 1, 2, 3] * len(measured), pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="print the rule fitted on all")
    parser.add_argument("--network", type=Path, help="the classifier's folder of work")
    wanted = parser.parse_args()
    folders = patients()
    measured = [measure(read(folder)) for folder in folders]
    if wanted.fit:
        print(fit_all(measured))
        return
    if wanted.network:
        beside_the_network(folders, measured, held_out_guesses(wanted.network))
        return
    leave_one_out(folders, measured)
    others()


def held_out_guesses(work: Path) -> dict[tuple[str, str], tuple[str, float]]:
    """Return what the network of another fold says of each stripped volume, and how surely."""
    from napari_acs.inference.sequence_classifier import MOST  # noqa: PLC0415 (torch)
    from napari_acs.training.sequences.judge import chances, fitted_temperature  # noqa: PLC0415
    from napari_acs.training.sequences.pool import CLASSES, load_pool  # noqa: PLC0415
    from napari_acs.training.sequences.report import held_out_logits  # noqa: PLC0415

    pool = load_pool(work / "pool.npz")
    where, logits = held_out_logits(work)
    said = chances(logits, fitted_temperature(logits, pool.classes[where]))
    guesses = {}
    for i, chance in zip(where, said, strict=True):
        if pool.kinds[i] == "clean":
            key = (str(pool.patients[i]), CLASSES[pool.classes[i]])
            guesses[key] = (CLASSES[chance.argmax()], min(float(chance.max()), MOST))
    return guesses


def beside_the_network(folders: list[Path], measured: list, network: dict) -> None:
    tallies: dict[str, list[tuple[bool, float]]] = {}
    for folder, left_out in zip(folders, measured, strict=True):
        rule = fit_all([m for m in measured if m is not left_out])
        case = read(folder)
        patient = folder.parent.name if folder.name == "brats_space" else folder.name
        together = from_statistics(case, rule=rule)
        for key in case:
            alone = from_statistics({key: case[key]}, rule=rule)[key]
            learnt = network[patient, key]
            for name, (guess, sure) in {
                "network": learnt,
                "statistics, alone": (alone.sequence, alone.confidence),
                "the surer, alone": _surer((alone.sequence, alone.confidence), learnt),
                "statistics, all four": (together[key].sequence, together[key].confidence),
                "the surer, all four": _surer(
                    (together[key].sequence, together[key].confidence), learnt
                ),
            }.items():
                tallies.setdefault(name, []).append((guess == key, sure))
    print(f"Volumes of {len(folders)} patients, each judged by what never saw the patient")
    for name, tally in tallies.items():
        right, sure = np.array([t[0] for t in tally]), np.array([t[1] for t in tally])
        print(
            f"  {name:21} {right.mean():6.1%} right of {len(tally)}; mean confidence "
            f"{sure.mean():.2f}; wrong at 0.8 or more: {int((~right & (sure >= 0.8)).sum())}"
        )


def _surer(one: tuple[str | None, float], other: tuple[str, float]) -> tuple[str | None, float]:
    return max(other, one, key=lambda guess: guess[1])


def leave_one_out(folders: list[Path], measured: list) -> None:
    tallies: dict[str, list[tuple[bool, float]]] = {
        name: [] for name in ("all four", "three of them", "two of them", "alone")
    }
    accused = missed = 0
    for folder, left_out in zip(folders, measured, strict=True):
        rule = fit_all([m for m in measured if m is not left_out])
        case = read(folder)
        for count, name in (
            (4, "all four"),
            (3, "three of them"),
            (2, "two of them"),
            (1, "alone"),
        ):
            for keys in itertools.combinations(case, count):
                guesses = from_statistics({key: case[key] for key in keys}, rule=rule)
                for key, guess in guesses.items():
                    tallies[name].append((guess.sequence == key, guess.confidence))
                    if guess.sequence != key and count == 4:
                        print(
                            f"  {folder.name}: {key} taken for {guess.sequence} "
                            f"({guess.confidence:.2f})"
                        )
                    if count == 4:
                        accused += guess.sequence != key and guess.confidence >= SURE
                        missed += guess.sequence == key and guess.confidence < SURE
    print(f"Leave one patient out, {len(folders)} patients, grey values alone")
    for name, tally in tallies.items():
        right, sure = np.array([t[0] for t in tally]), np.array([t[1] for t in tally])
        line = f"  {name:13} {right.mean():6.1%} right of {len(tally)}"
        line += f"; mean confidence {sure.mean():.2f}"
        if (sure >= SURE).any():
            share = right[sure >= SURE].mean()
            line += f"; where it is {SURE} or more {share:.1%} of {(sure >= SURE).sum()}"
        print(line)
    print(f"  wrongly contradicted: {accused}; right but not sure: {missed} of {4 * len(folders)}")


def others() -> None:
    print("Not fitted on (shipped rule): truth -> guess (confidence)")
    cases = {"phantom": dict(sample_study().sequences)}
    for folder in sorted((DATA / "brats2013-two-channel").iterdir()):
        cases[folder.name] = read(folder)
    cases["TCGA native, heads"] = read(DATA / TCGA)
    for path in sorted((DATA / "tcia-brain-tumor-progression").glob("*/*_T1.nii.gz")):
        cases[f"TCIA {path.parent.name} {path.name[:4]}, head"] = {"t1ce": read_volume(path)}
    for path in sorted((DATA / "nrrd-two-rois").glob("*_image.nrrd")):
        cases[f"nrrd {path.name}, head"] = {"t1ce": read_volume(path)}
    for name, case in cases.items():
        said = [
            f"{key} -> {g.sequence} ({g.confidence:.2f})"
            for key, g in from_statistics(case).items()
        ]
        print(f"  {name}: {', '.join(said)}")


if __name__ == "__main__":
    main()
