from pathlib import Path

import pytest

from napari_acs.errors import BadInput
from napari_acs.training.recipe import find_recipe, read_recipe


def test_every_shipped_recipe_is_valid_and_found_by_its_id():
    folder = Path(find_recipe("glioma-unet-acs-mobilenetv2")).parent
    for file in folder.glob("*.yaml"):
        assert find_recipe(read_recipe(file).id) == file


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
