"""A bundle tells the command that made it, and nobody's folders."""

from __future__ import annotations

from napari_acs.cli.as_told import command_told


def test_paths_are_told_by_their_last_part_and_all_else_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DOE_JANE" / "brats2021").mkdir(parents=True)
    given = [
        *("train", "glioma-idh-acs-mobilenetv2", "--data", "/home/jane/DOE_JANE/ours"),
        *("--data=DOE_JANE/brats2021", "--set", "labels=/home/jane/DOE_JANE/idh.csv"),
        *("--set", 'data=["UPenn-GBM, CC BY 4.0, https://doi.org/10.7937/x"]'),
        *("--set", "architecture={encoder: mobilenet_v2}", "--out", "DOE_JANE/new/bundle"),
    ]
    (tmp_path / "DOE_JANE" / "new" / "bundle").mkdir(parents=True)
    told = command_told(given)
    assert "DOE_JANE" not in told
    assert "jane" not in told
    assert told == (
        "napari-acs train glioma-idh-acs-mobilenetv2 --data ours --data=brats2021 --set "
        "labels=idh.csv --set 'data=[\"UPenn-GBM, CC BY 4.0, https://doi.org/10.7937/x\"]' --set "
        "'architecture={encoder: mobilenet_v2}' --out bundle"
    )
    assert command_told(["x" * 5000, "a\0b"]).startswith("napari-acs xxx")
