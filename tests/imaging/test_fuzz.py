"""Damaged NIfTI headers, some thousand of them: a typed refusal or a sound volume, nothing else.

They are read in a process of their own with a bound on its memory and its time: a crash, a hang or
an allocation by a number in a header ends that process, and not the test run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CASES = 400
SEEDS = (1, 2, 3)
_MEMORY = 3 << 30
_SECONDS = 100


def mutations(seed: int, folder: Path) -> None:
    """Read damaged files and print what came of each; runs in the child process."""
    import gzip  # noqa: PLC0415
    import random  # noqa: PLC0415
    import resource  # noqa: PLC0415
    import struct  # noqa: PLC0415
    from collections import Counter  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415
    import SimpleITK as sitk  # noqa: PLC0415

    from napari_acs.errors import BadInput  # noqa: PLC0415
    from napari_acs.imaging import Grid, read_labels, read_volume  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    rng = random.Random(seed)
    image = sitk.GetImageFromArray(np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7))
    image.SetSpacing((0.9, 1.1, 3.0))
    image.SetOrigin((-10.0, 4.0, 7.0))
    plain = folder / "plain.nii"
    sitk.WriteImage(image, str(plain))
    whole = plain.read_bytes()
    numbers = [0, 1, -1, 2, 7, 8, 127, 255, 32767, -32768, 2**31 - 1]
    floats = [0.0, -0.0, 1e-30, 1e30, -1.0, float("nan"), float("inf"), float("-inf"), 1e9]
    fields = [(0, "i"), (39, "B"), *((40 + 2 * n, "h") for n in range(8)), (70, "h"), (72, "h")]
    fields += [(76 + 4 * n, "f") for n in range(8)] + [(108, "f"), (112, "f"), (116, "f")]
    fields += [(123, "B"), (252, "h"), (254, "h"), *((256 + 4 * n, "f") for n in range(18))]
    ended: Counter[str] = Counter()
    for case in range(CASES):
        raw = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 5))):
            how = rng.random()
            if how < 0.6:
                at, kind = rng.choice(fields)
                order = rng.choice("<<<>")
                if kind == "f":
                    value = rng.choice(floats)
                else:
                    bits = {"B": 8, "h": 16, "i": 32}[kind]
                    value = rng.choice(numbers) % (1 << bits)
                    if kind != "B" and value >= 1 << (bits - 1):
                        value -= 1 << bits
                struct.pack_into(order + kind, raw, at, value)
            else:
                raw[rng.randrange(352)] = rng.randrange(256)
        if rng.random() < 0.1:
            del raw[rng.randrange(len(raw)) :]
        packed = rng.random() < 0.5
        data = gzip.compress(bytes(raw)) if packed else bytes(raw)
        if packed and rng.random() < 0.3:
            data = data[: rng.randrange(len(data))]
        file = folder / f"case{case}.nii{'.gz' if packed else ''}"
        file.write_bytes(data)
        for read in (read_volume, read_labels):
            try:
                volume = read(file)
            except BadInput as refusal:
                assert file.name in refusal.sentence(), refusal.sentence()
                ended["refused"] += 1
            else:
                assert isinstance(volume.grid, Grid)
                assert volume.array.shape == volume.grid.shape
                assert volume.array.nbytes < 1 << 20, "more voxels than the file holds"
                assert np.isfinite(volume.array.astype(float)).all()
                ended["read"] += 1
        file.unlink()
    print(json.dumps(ended))


@pytest.mark.skipif(sys.platform != "linux", reason="bounds memory as Linux does")
@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_nifti_is_refused_by_name_or_read_soundly(seed, tmp_path):
    done = subprocess.run(
        [sys.executable, __file__, str(seed), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == "", "something spoke past the refusal"
    ended = json.loads(done.stdout)
    assert ended["refused"] > CASES // 2
    assert ended["read"] > CASES // 20


if __name__ == "__main__":
    mutations(int(sys.argv[1]), Path(sys.argv[2]))
