"""What a user set about models: one small file, which the panel and the command line share."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from napari_acs.errors import BadInput
from napari_acs.models.atomic import file_appears
from napari_acs.models.description import check_json, read_bounded

FOLDERS_VARIABLE = "NAPARI_ACS_MODELS"
_MOST_BYTES = 2**20


class Settings(BaseModel):
    """Settings about models.

    Attributes
    ----------
    models_folder : Path, optional
        The folder of the user's own bundles; left out, the usual one of the system.
    shared_folders : tuple of Path
        Folders of bundles that are only read, such as a lab's shared disk.
    default_model : str, optional
        Id of the model to offer first; left out, the bundled one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models_folder: Path | None = None
    shared_folders: tuple[Path, ...] = ()
    default_model: str | None = None

    @field_validator("models_folder", "shared_folders")
    @classmethod
    def _absolute(cls, value: Path | tuple[Path, ...] | None) -> Path | tuple[Path, ...] | None:
        if value is None:
            return None
        if isinstance(value, tuple):
            return tuple(_absolute(folder) for folder in value)
        return _absolute(value)


def settings_file() -> Path:
    """Return the file of the settings; it need not exist."""
    return Path(platformdirs.user_config_dir("napari-acs", appauthor=False)) / "models.json"


def read_settings() -> Settings:
    """Read the settings; where there are none, the defaults.

    Raises
    ------
    BadInput
        If the file is broken.
    """
    file = settings_file()
    if not file.exists():
        return Settings()
    content = read_bounded(file, _MOST_BYTES)
    try:
        check_json(content, file)
        return Settings.model_validate_json(content)
    except BadInput as refusal:
        raise _broken(file, refusal.found) from refusal
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _broken(file, f"{where}: {first['msg']}") from error


def write_settings(settings: Settings) -> None:
    """Write the settings; readers see the old ones or the new ones, never half a file.

    Raises
    ------
    BadInput
        If the file cannot be written; the old one is untouched.
    """
    with file_appears(settings_file(), replace=True) as staging:
        staging.write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")


def folders_of_the_environment() -> tuple[Path, ...]:
    """Return the read-only folders that the variable ``NAPARI_ACS_MODELS`` names."""
    named = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    return tuple(Path(name).expanduser().absolute() for name in named if name.strip())


def _absolute(folder: Path) -> Path:
    whole = folder.expanduser()
    if not whole.is_absolute():
        raise ValueError(f"{folder} is not a whole path, from the root or from ~")
    return whole


def _broken(file: Path, found: str) -> BadInput:
    return BadInput(
        f"the settings in {file} cannot be read",
        found=found,
        do="Mend the file, or delete it to go back to the defaults",
    )
