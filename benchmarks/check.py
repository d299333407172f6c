"""The pre-flight check on the shared cases: what it says, how long it takes, what it catches.

    OMP_NUM_THREADS=1 python benchmarks/check.py

Reads ``../shared/data`` (NAPARI_ACS_SHARED_DATA names another folder). Every BraTS case is then
sabotaged: two sequences swapped, one mirrored, one used twice, one from another patient; a catch
is a line of the right topic that is not green. (The swaps are judged by the shipped rule, which
was fitted on these cases; ``benchmarks/identify.py`` says how it does on patients it has not seen.)
"""

from __future__ import annotations

import itertools
import os
import statistics
from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import process_time

from napari_acs.imaging import SEQUENCES, Volume, find_sequences, read_volume, sample_study
from napari_acs.imaging.check import Needs, check_study, worst

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
NEEDS = Needs(SEQUENCES, (), 1, (1.5, 1.5, 1.5))
Case = dict[str, Volume]


def brats() -> list[Path]:
    folders = [*(DATA / "brats2021").iterdir(), *(DATA / "brats2018-2020-8bit").iterdir()]
    return sorted(folder for folder in folders if folder.is_dir())


def read(folder: Path) -> Case:
    return {key: read_volume(path) for key, path in find_sequences(folder).items()}


def others() -> dict[str, Case]:
    native = DATA / "tcga-lgg-native" / "TCGA-FG-6692"
    cases = {folder.name: read(folder) for folder in (native, native / "brats_space")}
    cases["phantom"] = dict(sample_study().sequences)
    for path in sorted((DATA / "tcia-brain-tumor-progression").glob("*/*_T1.nii.gz")):
        cases[f"tcia {path.parent.name} {path.name[:4]}"] = {"t1ce": read_volume(path)}
    for path in sorted((DATA / "nrrd-two-rois").glob("*_image.nrrd")):
        cases[path.name] = {"t1ce": read_volume(path)}
    return cases


def show(name: str, case: Case) -> float:
    start = process_time()
    lines = check_study(name, case, NEEDS)
    seconds = process_time() - start
    said = [f"{line.topic} {line.status}" for line in lines if line.status != "green"]
    print(f"  {name}: {worst(lines)} ({seconds:.2f} s CPU) {', '.join(said)}")
    return seconds


def sabotaged(case: Case) -> list[tuple[str, str, Case]]:
    """Return (what was done, topic that should say so, the case)."""
    made = []
    for a, b in itertools.combinations(SEQUENCES, 2):
        made.append((f"{a} and {b} swapped", "sequences", {**case, a: case[b], b: case[a]}))
    for key in SEQUENCES:
        turned = replace(case[key], array=case[key].array[..., ::-1], source=None)
        made.append(("one of four mirrored", "sides", {**case, key: turned}))
        again = {k: case[k] for k in SEQUENCES if k != key}
        for other in again:
            twice = replace(case[other], source=None)
            made.append(("one used twice", "duplicates", {**again, key: twice}))
            pair = {key: turned, other: case[other]}
            made.append(("one of two mirrored", "sides", pair))
    return made


def mixed(case: Case, before: Case) -> list[tuple[str, str, Case]]:
    """Give a case another patient's sequence, each in turn."""
    what = "one of four from another patient"
    return [(what, "grids", {**case, key: volume}) for key, volume in before.items()]


def main() -> None:
    print("As they are")
    seconds, caught, tried, false = [], Counter(), Counter(), Counter()
    before: Case = {}
    for folder in brats():
        case = read(folder)
        seconds.append(show(folder.name, case))
        for what, topic, wrong in (*sabotaged(case), *mixed(case, before)):
            tried[what] += 1
            for line in check_study(folder.name, wrong, NEEDS):
                if line.topic == topic:
                    caught[what] += line.status != "green" and line.title != "A sequence is missing"
                elif line.status == "red":
                    false[f"{what}: {line.topic}"] += 1
        before = case
    for name, case in others().items():
        show(name, case)
    print(
        f"CPU seconds for four volumes of 240 x 240 x 155: median {statistics.median(seconds):.2f}"
        f", most {max(seconds):.2f}"
    )
    print("Sabotaged BraTS cases: caught of tried")
    for what, count in tried.items():
        print(f"  {what}: {caught[what]} of {count}")
    print(f"Red lines of another topic: {dict(false) or 'none'}")


if __name__ == "__main__":
    main()
