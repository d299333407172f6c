from pathlib import Path

import pytest

from napari_acs.errors import BadInput
from napari_acs.training.kinds import read_plan
from napari_acs.training.recipe import find_recipe, parse_changes, read_recipe


def test_every_shipped_recipe_is_valid_and_found_by_its_id():
    folder = Path(find_recipe("glioma-unet-acs-mobilenetv2")).parent
    files = list(folder.glob("*.yaml"))
    assert len(files) > 1
    for file in files:
        assert find_recipe(read_plan(file, {}).id) == file


@pytest.mark.parametrize(
    ("text", "said"),
    [("id: [", "YAML"), ("id: a\nbatch: 0", "batch"), ("colour: red", "colour"), ("", "mistake")],
)
def test_a_bad_recipe_is_a_sentence_that_names_the_place(tmp_path, text, said):
    file = tmp_path / "r.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=said) as refusal:
        read_recipe(file)
    assert "r.yaml" in str(refusal.value)


def test_an_unknown_recipe_names_the_shipped_ones():
    with pytest.raises(BadInput, match="glioma-unet-acs-mobilenetv2"):
        find_recipe("nonsense")


def test_fields_may_be_changed_on_the_command_line(tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text("id: a\ntitle: A\narchitecture: {}\nphantom_share: 0\n")
    changes = parse_changes(["precision=bf16", "augmentation={scale: [1, 1]}", "seed=3"])
    plan = read_recipe(file, changes)
    assert (plan.precision, plan.augmentation.scale, plan.seed) == ("bf16", (1, 1), 3)
    with pytest.raises(BadInput, match="KEY=VALUE"):
        parse_changes(["precision"])
    with pytest.raises(BadInput, match=r"r\.yaml.*colour"):
        read_recipe(file, {"colour": "red"})


def test_what_goes_by_validation_needs_something_to_validate_on(tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text("id: a\ntitle: A\narchitecture: {}\npatience: 3\n")
    with pytest.raises(BadInput, match="validation_phantoms"):
        read_recipe(file)
    assert read_recipe(file, {"validation_phantoms": 2}).needs_phantoms
