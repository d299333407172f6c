"""Make the sequence classifier, step by step; each step goes on where it was stopped.

    python -m napari_acs.training.sequences pool --data ../shared/data --atlas ATLAS --work DIR
    python -m napari_acs.training.sequences fit --work DIR --encoder-weights FILE
    python -m napari_acs.training.sequences bundle --work DIR --out FOLDER

``ATLAS`` is the file of ``napari_acs.training.phantom.prepare_atlas``; the encoder's weights are
torchvision's MobileNetV2.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from napari_acs.training.sequences.steps import RUNS, make_bundle, make_pool, train_all


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("pool", "fit", "bundle"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--atlas", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--encoder-weights", type=Path)
    parser.add_argument("--runs", nargs="*", choices=RUNS, default=RUNS, help="some of them")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    if args.step == "pool":
        make_pool(args.data, args.atlas, args.work)
    elif args.step == "fit":
        train_all(args.work, args.encoder_weights, args.runs)
    else:
        make_bundle(args.work, args.out)


if __name__ == "__main__":
    main()
