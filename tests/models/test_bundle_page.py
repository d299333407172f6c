"""docs/bundle.md says what the code does."""

from __future__ import annotations

from typing import get_args

import pytest
from conftest import REPO
from pydantic import BaseModel
from typer.main import get_command

from napari_acs import models
from napari_acs.cli import app
from napari_acs.models import archive, description, fitting, settings
from napari_acs.models.extras import MODULES
from napari_acs.models.spec import BundleSpec, ClassifierSpec

PAGE = (REPO / "docs" / "bundle.md").read_text(encoding="utf-8")


def _fields(model: type[BaseModel]):
    """Give each field's name, its choices where it has some, and those of the models inside it."""
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _fields(part)
            elif isinstance(part, str):
                yield part


@pytest.mark.parametrize("name", sorted({*_fields(BundleSpec), *_fields(ClassifierSpec), *MODULES}))
def test_every_field_and_choice_is_on_the_page(name):
    assert f"`{name}`" in PAGE


def test_every_command_function_and_bound_is_on_the_page():
    commands = get_command(app).commands["models"].commands
    assert len(commands) == 7
    for name in commands:
        assert f"napari-acs models {name}" in PAGE
    for name in models.__all__:
        if name.islower():
            assert f"`{name}`" in PAGE or name == "default_bundle_id"
    for name in (*settings.Settings.model_fields, settings.FOLDERS_VARIABLE):
        assert f"`{name}`" in PAGE
    text = " ".join(PAGE.split())
    assert f"more than {archive.MOST_ENTRIES:,} entries".replace(",", " ") in text
    assert f"at most {description.MOST_NUMBER:,}".replace(",", " ") in text
    assert f"at most {description.MOST_JSON_BYTES // 2**20} MiB, valid JSON" in text
    assert f"a header of at most {fitting.MOST_HEADER_BYTES // 2**20} MiB" in text
