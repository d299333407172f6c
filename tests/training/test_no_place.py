"""A place where nothing can be made is refused before hours, also for root, who may do all."""

from pathlib import Path

import pytest

from napari_acs.errors import BadInput
from napari_acs.models.atomic import refuse_existing
from napari_acs.training.place import refuse_no_place

_NOBODY_WRITES = Path("/proc")


@pytest.mark.skipif(not _NOBODY_WRITES.is_dir(), reason="no /proc on this system")
@pytest.mark.parametrize("refuse", [refuse_existing, refuse_no_place])
def test_a_place_where_nobody_can_write_is_refused_at_once(refuse):
    with pytest.raises(BadInput, match="/proc is a folder where nothing can be made"):
        refuse(_NOBODY_WRITES / "model" / "deep")


@pytest.mark.parametrize("refuse", [refuse_existing, refuse_no_place])
def test_a_folder_without_leave_and_a_file_are_refused(refuse, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="is a file"):
        refuse(tmp_path / "file" / "model")

    def denied(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.mkdir", denied)
    with pytest.raises(BadInput, match="is a folder without leave to write"):
        refuse(tmp_path / "model")


@pytest.mark.parametrize("refuse", [refuse_existing, refuse_no_place])
def test_trying_leaves_nothing(refuse, tmp_path):
    refuse(tmp_path / "new" / "model")
    assert list(tmp_path.iterdir()) == []
