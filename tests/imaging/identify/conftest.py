"""The phantom's four volumes, by sequence."""

from __future__ import annotations

import pytest

from napari_acs.imaging import Volume, sample_study


@pytest.fixture(scope="module")
def phantom() -> dict[str, Volume]:
    return dict(sample_study().sequences)
