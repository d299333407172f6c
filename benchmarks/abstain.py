"""How often a classifier keeps silent about studies that it should not answer.

    OMP_NUM_THREADS=1 python benchmarks/abstain.py [--model ID_OR_DIR] [--count 10]

Made-up volumes without a brain, the shared cases of BraTS 2021 (``../shared/data``;
NAPARI_ACS_SHARED_DATA names another folder) made wrong in several ways, and real exams with a
skull. Each goes the way of ``napari-acs classify``: the check, then the classifier. The right
answer is never a name. For studies as they should be, see the model's card: those of its training
prove nothing.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from wrong_inputs import Wrong, made_up, made_wrong

from napari_acs.imaging import Study, Volume, find_sequences, read_study, read_volume
from napari_acs.imaging.check import check_study, worst
from napari_acs.inference import Classified, Failure, run_classifier
from napari_acs.inference.classify_doubts import doubts_of
from napari_acs.inference.needs import needs_of
from napari_acs.inference.ready import AS_IT_IS, Preparation
from napari_acs.models import ClassifierBundle, load_classifier

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
ENDS = ("refused", "doubted", "outlier", "no name", "named")


def real() -> Iterator[tuple[Wrong, bool]]:
    """Yield the wrong studies of real data; and whether the skull is to be left where it is."""
    for folder in sorted((DATA / "brats2021").iterdir()):
        if folder.is_dir():
            study = read_study(find_sequences(folder))
            mask = read_volume(next(folder.glob("*seg*")))
            for one in made_wrong(study, mask):
                yield one, True
    native = DATA / "tcga-lgg-native" / "TCGA-FG-6692"
    if native.is_dir():
        study = read_study(find_sequences(native))
        yield Wrong("a skull, not removed", study, _in_the_middle(study)), True
    for file in sorted((DATA / "tcia-brain-tumor-progression").rglob("*.nii*")):
        if "mask" in file.name.lower():
            continue
        study = Study(file.name, {"t1ce": read_volume(file)})
        yield Wrong("a T1ce with its skull, alone", study, _in_the_middle(study)), False
        four = dict.fromkeys(("t1", "t1ce", "t2", "flair"), read_volume(file))
        study = Study(file.name, four)
        yield Wrong("a T1ce with its skull, four times", study, _in_the_middle(study)), True


def end_of(wrong: Wrong, bundle: ClassifierBundle, *, as_it_is: bool) -> tuple[str, str]:
    """Return how a classification ends, one of `ENDS`, and the sentence."""
    lines = check_study(
        wrong.study.name, wrong.study.sequences, needs_of(bundle.spec), brain="auto"
    )
    if worst(lines) == "red":
        return "refused", next(f"{x.title}: {x.found}" for x in lines if x.status == "red")
    preparation = Preparation(AS_IT_IS) if as_it_is else None
    *_, end = run_classifier(
        wrong.study,
        bundle,
        wrong.mask,
        device="cpu",
        preparation=preparation,
        doubts=doubts_of(lines),
    )
    if isinstance(end, Failure):
        return "refused", end.sentence()
    assert isinstance(end, Classified)
    found = end.classification
    if found.doubts:
        return "doubted", found.sentence()
    if found.outlier is not None and found.outlier.far:
        return "outlier", found.sentence()
    return ("named" if found.named else "no name"), found.sentence()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="demo-enhancing-acs-mobilenetv2")
    parser.add_argument("--count", type=int, default=10, help="of each made-up kind")
    wanted = parser.parse_args()
    bundle = load_classifier(wanted.model)
    without = replace(bundle, spec=bundle.spec.model_copy(update={"features": None}))
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    said: dict[str, str] = {}
    sources: list[Iterator[tuple[Wrong, bool]]] = [((w, True) for w in made_up(wanted.count))]
    if DATA.is_dir():
        sources.append(real())
    for source in sources:
        for wrong, as_it_is in source:
            end, sentence = end_of(wrong, bundle, as_it_is=as_it_is)
            tables[wrong.kind][end] += 1
            if end == "outlier":
                before, _ = end_of(wrong, without, as_it_is=as_it_is)
                tables[wrong.kind]["named without it"] += before == "named"
            said.setdefault(f"{wrong.kind}: {end}", sentence)
    print(f"{bundle.spec.id} {bundle.spec.version}\n")
    columns = ["study", "cases", *ENDS[:-1], "**named**", "named without the distance"]
    print(f"| {' | '.join(columns)} |")
    print("| --- " * len(columns) + "|")
    total: Counter[str] = Counter()
    for kind, counts in tables.items():
        total += counts
        print(_row(kind, counts))
    print(_row("all", total))
    for kind, sentence in said.items():
        print(f"\n{kind}: {sentence}")


def _row(kind: str, counts: Counter[str]) -> str:
    ends = [counts[end] for end in ENDS]
    row = [kind, sum(ends), *ends[:-1], f"**{ends[-1]}**", ends[-1] + counts["named without it"]]
    return "| " + " | ".join(map(str, row)) + " |"


def _in_the_middle(study: Study) -> Volume:
    """Return a ball of 25 mm in the middle of a study's head, off the midline."""
    axes = np.indices(study.grid.shape, dtype=np.float32)
    spacing = study.grid.spacing[::-1]
    centre = [n * part for n, part in zip(study.grid.shape, (0.5, 0.5, 0.6), strict=True)]
    away = sum(((i - c) * mm) ** 2 for i, c, mm in zip(axes, centre, spacing, strict=True))
    return Volume((away < 25**2).astype(np.uint8), study.grid)


if __name__ == "__main__":
    main()
