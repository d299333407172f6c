"""How often an image that is none of the four sequences is taken for one, without a name.

    OMP_NUM_THREADS=1 python benchmarks/strangers.py ../shared/data/brats2021 [--cases 8]

Out of every case, images of other kinds are made (no real ones are in the shared data) and looked
at without a telling name, by all that the product has: the sequence classifier and the statistics.
Once alone, and once as the fourth image of a study whose T2 is missing, where it could take that
place. The four sequences themselves are looked at, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter

from napari_acs.imaging import read_study
from napari_acs.imaging.identify import Clues, identify
from napari_acs.inference.sequence_classifier import sequence_classifier

Study = dict[str, np.ndarray]
"""Sequences with the brain's median at 1, and ``in``, the brain."""
RNG = np.random.default_rng(0)


def noise(study: Study) -> np.ndarray:
    return RNG.standard_normal(study["in"].shape)


def adc(study: Study) -> np.ndarray:
    """Fluid bright, oedema between, the rest flat, in 1e-6 mm2/s; coarse, and noisy."""
    fluid = 1 / (1 + np.exp(-8 * (study["t2"] - study["flair"] - 0.6)))
    oedema = np.clip(study["t2"] - 1, 0, 1.2) * (1 - fluid)
    flat = 800 + 2200 * fluid + 300 * oedema
    brain = gaussian_filter(study["in"].astype(float), 1)
    smooth = gaussian_filter(flat * study["in"], 1) / np.maximum(brain, 1e-3)
    return (smooth * (1 + 0.08 * noise(study))).clip(0)


def adc_in_noise(study: Study) -> np.ndarray:
    air = RNG.uniform(0, 3500, study["in"].shape) * (RNG.random(study["in"].shape) < 0.6)
    return np.where(study["in"], adc(study), air)


def dwi(study: Study) -> np.ndarray:
    signal = gaussian_filter(study["in"] * study["t2"] * np.exp(-adc(study) / 1000) * 1000, 1)
    return np.hypot(signal + 20 * noise(study), 20 * noise(study))


def swi(study: Study) -> np.ndarray:
    first, second = (gaussian_filter(noise(study), s) for s in ((3, 1.2, 1.2), (1, 1.5, 4)))
    veins = (abs(first) < 0.06 * first.std()) | (abs(second) < 0.05 * second.std())
    tissue = 1 + 0.15 * (study["t1"] - 1) + 0.1 * (study["t2"] - 1)
    return study["in"] * tissue * np.where(veins, 0.45, 1) * 500 + abs(15 * noise(study))


def ct(study: Study) -> np.ndarray:
    near, far = (binary_dilation(study["in"], iterations=n) for n in (2, 6))
    tissue = 35 + 4 * (study["t1"] - 1) + 6 * noise(study)
    return np.where(study["in"], tissue, np.where(far & ~near, 900, -1000))


def pet(study: Study) -> np.ndarray:
    tumour = np.clip(study["t1ce"] - study["t1"], 0, None)
    return 5000 * gaussian_filter(study["in"] * (study["t1"] > 0.8) + 2 * tumour * study["in"], 3)


def perfusion(study: Study) -> np.ndarray:
    grey = np.clip(1.3 - study["t1"], 0, None)
    tumour = np.clip(study["t1ce"] - study["t1"], 0, None)
    return 100 * (gaussian_filter(2 * grey + 3 * tumour, 1.5) + 0.2 * abs(noise(study)))


def inverted(key: str) -> Callable[[Study], np.ndarray]:
    return lambda study: (np.percentile(study[key][study["in"]], 99.5) - study[key]).clip(0)


INSIDE: dict[str, Callable[[Study], np.ndarray]] = {
    "T1 itself": lambda study: study["t1"],
    "T1ce itself": lambda study: study["t1ce"],
    "T2 itself": lambda study: study["t2"],
    "FLAIR itself": lambda study: study["flair"],
    "ADC, 0 outside": adc,
    "perfusion (CBV)": perfusion,
    "anisotropy (FA)": lambda s: (0.5 * s["t1"] - 0.25 + 0.1 * abs(noise(s))).clip(0, 1),
    "proton density": lambda s: 400 * (1 + 0.3 * (s["t2"] - 1) - 0.1 * (s["t1"] - 1)),
    "T1 inverted": inverted("t1"),
    "T2 inverted": inverted("t2"),
    "FLAIR inverted": inverted("flair"),
    "T1ce less T1": lambda s: 300 * (s["t1ce"] - s["t1"]),
    "white matter's probability": lambda s: 1 / (1 + np.exp(-(s["t1"] - 1) / 0.08)),
    "lesion's probability": lambda s: gaussian_filter((s["flair"] > 1.4).astype(float), 1.5),
    "mask": lambda s: 1 + (s["flair"] > 1.5),
}
"""Made inside the brain; 0 outside."""
WHOLE = {
    "ADC, noise outside": adc_in_noise,
    "DWI, b 1000": dwi,
    "SWI": swi,
    "CT": ct,
    "PET": pet,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--cases", type=int, default=8)
    args = parser.parse_args()
    if args.data is None:  # `make bench` runs all scripts; this one needs data
        parser.print_help()
        return
    look = sequence_classifier()
    taken: dict[str, list[tuple[str, float, str | None]]] = {}
    folders = sorted(path for path in args.data.iterdir() if path.is_dir())[: args.cases]
    for folder in folders:
        volumes = read_study(folder).sequences
        inside = volumes["t1"].array != 0
        study: Study = {"in": inside}
        for key, volume in volumes.items():
            study[key] = volume.array / np.median(volume.array[inside])
        others = {key: Clues(volume=volume) for key, volume in volumes.items() if key != "t2"}
        for kind, make in (INSIDE | WHOLE).items():
            made = np.where(inside, make(study), 0) if kind in INSIDE else make(study)
            clues = Clues(volume=replace(volumes["t1"], array=made.astype(np.float32)))
            alone = identify({"x": clues}, classifier=look)["x"]
            among = identify({**others, "x": clues}, classifier=look)["x"]
            taken.setdefault(kind, []).append(
                (alone.sequence or "-", alone.confidence, among.sequence)
            )
        print(folder.name, file=sys.stderr, flush=True)
    print(f"Of {len(folders)} each:\n")
    print("| image | taken for | with 0.9 or more | in the place of T2, beside the other three |")
    print("| --- | --- | ---: | ---: |")
    for kind, rows in taken.items():
        names = [name for name, _, _ in rows]
        said = ", ".join(f"{n} {names.count(n)}" for n in sorted({*names}) if n != "-") or "none"
        sure = sum(name != "-" and confidence >= 0.9 for name, confidence, _ in rows)
        print(f"| {kind} | {said} | {sure} | {sum(among == 't2' for _, _, among in rows)} |")


if __name__ == "__main__":
    main()
