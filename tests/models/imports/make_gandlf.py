"""Make networks with the real GaNDLF, and what they answer; run by `test_gandlf`, apart.

Apart, because GaNDLF pins other versions of what this process has: it lies in a folder of its own
(``scripts/setup`` puts it there), found by PYTHONPATH. Usage: make_gandlf.py OUT CASES.json, where
a case is the ``model`` part of GaNDLF's configuration. What GaNDLF imports for other jobs than its
networks and its preparation (OpenCV, ...) is stood in for.
"""

import hashlib
import json
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import MagicMock

import pandas as pd
import torch
import yaml
from torch import nn

OTHER_JOBS = ("cv2", "monai", "panoptica", "skimage", "sklearn", "torchinfo", "torchmetrics")
HAS_TORCHIO = find_spec("torchio") is not None
if not HAS_TORCHIO:  # a set-up from before the preparation was compared
    OTHER_JOBS += ("torchio",)


class StandIns(MetaPathFinder, Loader):
    """Gives an empty module for each of ``OTHER_JOBS`` and what is below it."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".", maxsplit=1)[0] in OTHER_JOBS:
            return ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return MagicMock(name=spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, StandIns())


class BatchNorm3d(nn.BatchNorm3d):
    """With the arguments it had when acsconv, which looks them up, was written."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)


class InstanceNorm3d(nn.InstanceNorm3d):
    """Likewise."""

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)


nn.BatchNorm3d, nn.InstanceNorm3d = BatchNorm3d, InstanceNorm3d

from GANDLF.models import get_model  # noqa: E402
from GANDLF.utils.modelio import save_model  # noqa: E402
from GANDLF.utils.tensor import reverse_one_hot  # noqa: E402

PREPARED = {
    "normalize": {"normalize": None},
    "normalize_nonZero": {"normalize_nonZero": None},
    "normalize_positive": {"normalize_positive": None, "crop_external_zero_planes": None},
    "normalize_nonZero_masked": {"normalize_nonZero_masked": None},
    "resampled": {"normalize_nonZero": None, "resample": {"resolution": [2, 2, 2]}},
    "canonical": {"normalize_nonZero": None, "to_canonical": None},
}
"""Preparations of one study, each as the configuration has it."""


def study() -> torch.Tensor:
    """Two sequences (c, x, y, z) of a brain amid zeros, with holes and values below 0 in it."""
    x, y, z = torch.meshgrid(*[torch.arange(48.0) - 23.5] * 3, indexing="ij")
    brain = (x / 14.6) ** 2 + (y / 16.6) ** 2 + (z / 12.6) ** 2 < 1
    noise = torch.randn(2, 48, 48, 48, generator=torch.Generator().manual_seed(0))
    tissue = torch.stack([300 + 4 * x - 3 * z, 900 + 9 * y]) + 60 * noise
    tissue[:, 22:25, 30:33, 20:26] = 0
    tissue[:, 12:16, 20:24, 20:24] = -50
    return tissue.round() * brain


def prepare(network: nn.Module, out: Path) -> None:
    """Write what GaNDLF's inference makes of the study, and what a network answers to it."""
    import torchio  # noqa: PLC0415
    from GANDLF.data.preprocessing import get_transforms_for_preprocessing  # noqa: PLC0415

    raw = study()
    lps = torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0])).numpy()
    said = {"raw": raw}
    for name, steps in PREPARED.items():
        images = {
            str(i): torchio.ScalarImage(tensor=c[None], affine=lps) for i, c in enumerate(raw)
        }
        params = {"data_preprocessing": steps, "patch_size": [48, 48, 48]}
        done = get_transforms_for_preprocessing(params, [], train_mode=False, apply_zero_crop=False)
        made = done(torchio.Subject(images))
        x = torch.cat([image.data for image in made.get_images()])
        said[name] = {"steps": steps, "x": x}
        if name != "resampled":  # 24 voxels: GaNDLF's networks take multiples of 16
            with torch.no_grad():
                said[name]["answer"] = network(x[None])
    torch.save(said, out)


def main(out: Path, cases: dict) -> None:
    for name, model in cases.items():
        torch.manual_seed(int(hashlib.sha256(name.encode()).hexdigest()[:6], 16))
        params = {
            "version": {"minimum": "0.1.0", "maximum": "0.1.9"},
            "modality": "rad",
            "problem_type": "segmentation",
            "patch_size": [32, 32, 32],
            "batch_size": 1,
            "data_preprocessing": {"normalize_nonZero_masked": None},
            "data_postprocessing": {},
            "model": {"dimension": 3, "amp": False, "onnx_export": False, **model},
        }
        folder = out / name
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(yaml.safe_dump(params))
        params["model"]["num_classes"] = len(params["model"]["class_list"])
        network = get_model(params)
        x = torch.randn(1, params["model"]["num_channels"], 32, 64, 32)
        with torch.no_grad():
            for part in network.modules():  # norms that are not as they begin
                if getattr(part, "running_mean", None) is not None:
                    part.running_mean.normal_(0, 0.1)
                    part.running_var.uniform_(0.5, 1.5)
                    part.weight.uniform_(0.5, 1.5)
            network.eval()
            answer = network(x)
            answer = answer if isinstance(answer, torch.Tensor) else answer[0]
        if name == "light_resunet" and HAS_TORCHIO:
            prepare(network, folder / "prepared.pt")
        labels = reverse_one_hot(answer[0], params["model"]["class_list"]).astype("uint8")
        # As GaNDLF's training leaves them, each of another module than torch.
        params["training_data"] = pd.DataFrame({"SubjectID": ["a"], "Channel_0": ["/a.nii.gz"]})
        params["weights"] = torch.ones(2)
        params["penalty_weights"] = {0: pd.Series([1.0, 2.0]).to_numpy()[0]}
        state = {"epoch": 1, "model_state_dict": network.state_dict(), "loss": 0.5}
        state["optimizer_state_dict"] = {}
        file = folder / f"{model['architecture']}_best.pth.tar"
        save_model(state, network, params, str(file), onnx_export=False)
        torch.save(
            {"x": x, "answer": answer, "labels": torch.from_numpy(labels)}, folder / "said.pt"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
