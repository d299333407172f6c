"""Make networks with the real GaNDLF, and what they answer; run by `test_gandlf`, apart.

Apart, because GaNDLF pins other versions of what this process has: it lies in a folder of its own
(``scripts/setup`` puts it there), found by PYTHONPATH. Usage: make_gandlf.py OUT CASES.json, where
a case is the ``model`` part of GaNDLF's configuration. What GaNDLF imports for other jobs than its
networks (OpenCV, ...) is stood in for.
"""

import hashlib
import json
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest.mock import MagicMock

import pandas as pd
import torch
import yaml
from torch import nn

OTHER_JOBS = ("SimpleITK", "cv2", "monai", "panoptica", "skimage", "sklearn", "torchinfo")
OTHER_JOBS += ("torchio", "torchmetrics")


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
