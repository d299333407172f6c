"""What the Models panel can do: each a plain function, run in a worker; loaded with its first use.

All raise `BadInput` for what they refuse.
"""

# ruff: noqa: PLC0415 - torch and the importers come with the first use, in a worker
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.widgets.models_rows import ModelRow, row_of

MOST_CARD_BYTES = 2**20


@dataclass(frozen=True)
class Folders:
    """Where models are looked for besides the package.

    Attributes
    ----------
    models : str
        The user's own folder; empty for the usual one.
    shared : tuple of str
        Folders that are only read.
    """

    models: str = ""
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Models:
    """Every model, every folder that is refused as one, and a sentence where one is due."""

    rows: tuple[ModelRow, ...]
    note: str = ""


@dataclass(frozen=True)
class ModelActions:
    """The functions behind the panel.

    Attributes
    ----------
    list : callable
        Returns every model, and every folder that is refused as one.
    add : callable
        Takes in a bundle's folder, a ``.zip`` of one, or another tool's model file.
    remove : callable
        Deletes one of the user's own.
    set_default : callable
        Lets the model with this id be offered first.
    verify : callable
        Returns why a model's weights are not what they should be; nothing where they are.
    card : callable
        Returns the card's Markdown.
    folders, set_folders : callable
        The folders in the settings.
    """

    list: Callable[[], Models]
    add: Callable[[Path], None]
    remove: Callable[[ModelRow], None]
    set_default: Callable[[str], None]
    verify: Callable[[ModelRow], str]
    card: Callable[[ModelRow], str]
    folders: Callable[[], Folders]
    set_folders: Callable[[Folders], None]


def store_actions() -> ModelActions:
    """Return the functions that work on the real store."""
    return ModelActions(
        _list, _add, _remove, _set_default, _verify, read_card, _folders, _set_folders
    )


def read_card(row: ModelRow) -> str:
    """Return a model's ``card.md``, as Markdown.

    Raises
    ------
    BadInput
        If there is none, or it is no text of a sensible length.
    """
    file = row.path / "card.md"
    if not file.is_file():
        raise BadInput(f"{row.title} has no card", found=f"no card.md in {row.path}")
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_CARD_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read", found=str(error.strerror or error)) from error
    if len(content) > MOST_CARD_BYTES:
        raise BadInput(f"{file} is too long for a card", expected=f"up to {MOST_CARD_BYTES} bytes")
    return content.decode("utf-8", errors="replace")


def _list() -> Models:
    from napari_acs.models.store import default_bundle, list_broken, list_bundles

    try:
        default, note = default_bundle()
    except BadInput as refusal:
        default, note = "", refusal.sentence()
    rows = [
        row_of(entry.spec, entry.path, entry.source, default=entry.spec.id == default)
        for entry in list_bundles()
    ]
    for broken in list_broken():
        name = broken.id or broken.path.name
        rows.append(ModelRow(broken.path, name, name, broken.source, why=broken.why))
    return Models(tuple(rows), note)


def _add(path: Path) -> None:
    from napari_acs.models.adding import add_bundle, is_bundle
    from napari_acs.models.store import user_folder

    if is_bundle(path):
        add_bundle(path)
        return
    from napari_acs.models.imports import import_model

    import_model(path, user_folder())


def _remove(row: ModelRow) -> None:
    from napari_acs.models.removing import remove_bundle

    # The store goes by names, and what was clicked is a folder: of two the wrong one could go.
    mine = [other for other in _list().rows if other.source == "user"]
    called = [other.path for other in mine if row.id in (other.id, other.path.name)]
    if called != [row.path]:
        raise BadInput(
            f"{row.title} is not removed",
            found=f"the name {row.id!r} for {', '.join(map(str, called)) or 'nothing'}",
            expected="it for one folder only",
            do="Delete the folder yourself",
        )
    remove_bundle(row.id)


def _set_default(id: str) -> None:
    from napari_acs.models.settings import read_settings, write_settings

    write_settings(read_settings().model_copy(update={"default_model": id}))


def _verify(row: ModelRow) -> str:
    from napari_acs.models.store import read_spec
    from napari_acs.models.verify import why_unverified

    return why_unverified(row.path, read_spec(row.path))


def _folders() -> Folders:
    from napari_acs.models.settings import read_settings

    settings = read_settings()
    return Folders(str(settings.models_folder or ""), tuple(map(str, settings.shared_folders)))


def _set_folders(folders: Folders) -> None:
    from pydantic import ValidationError

    from napari_acs.models.settings import Settings, read_settings, write_settings

    models = Path(folders.models) if folders.models else None
    try:
        settings = Settings(
            models_folder=models,
            shared_folders=tuple(map(Path, folders.shared)),
            default_model=read_settings().default_model,
        )
    except ValidationError as error:
        raise BadInput(
            "These folders cannot be set", found=error.errors()[0]["msg"], do="Give whole paths"
        ) from error
    write_settings(settings)
