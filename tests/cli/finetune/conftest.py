"""Corrected cases on disk, and a parent."""

import pytest
from cli.finetune.hands import parent_bundle, write_case


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Corrected cases, wrong ones with right ones to judge by, and a parent of random weights."""
    root = tmp_path_factory.mktemp("finetune")
    for seed in range(4):
        write_case(root / "data" / f"case{seed}", seed)
        write_case(root / "wrong" / f"case{seed}", seed, wrong=seed != 3)
    parent_bundle(root / "parent")
    return root
