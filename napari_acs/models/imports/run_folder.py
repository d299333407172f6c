"""What our own training leaves: a bundle, or a run's folder with checkpoints and its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from napari_acs.errors import BadInput
from napari_acs.models import store
from napari_acs.models.adding import refuse_taken
from napari_acs.models.archive import files_of
from napari_acs.models.atomic import folder_appears
from napari_acs.models.bundle import Bundle, bundle_of, load_bundle
from napari_acs.models.imports.acs_unet import fields_of
from napari_acs.models.imports.fit import built, filled
from napari_acs.models.imports.request import Request
from napari_acs.models.imports.write import write_bundle
from napari_acs.models.imports.yaml_files import read_plain_file
from napari_acs.models.parts import limit, take_one, wanted
from napari_acs.models.safe_load import load_pickled, load_state, plain_tensors

RECIPE_DEFAULTS: Final[dict[str, Any]] = {
    "sequences": ["t1", "t1ce", "t2", "flair"],
    "spacing_mm": 2.0,
    "patch": [96, 96, 96],
    "publish": "last",
    "licence": "Apache-2.0",
}
"""What a recipe that leaves it out means; those of ``training.recipe``, which lies above this."""


def is_run(source: Path) -> bool:
    """Tell whether a folder is a bundle or a training run."""
    return source.is_dir() and any(
        (source / name).is_file() for name in ("model.json", "checkpoint.pt", "best.pt")
    )


def import_run(request: Request, target_folder: Path) -> Bundle:
    """Write a bundle with what a training run made.

    Raises
    ------
    BadInput
        If the run's recipe is not known, or its checkpoint does not fit it.
    """
    source = request.source
    if (source / "model.json").is_file():
        return _copied(request, target_folder)
    recipe = _recipe(request)
    sequences, patch = (tuple(recipe[key]) for key in ("sequences", "patch"))
    fields = fields_of(dict(recipe["architecture"]), sequences, float(recipe["spacing_mm"]), patch)
    fields |= {
        "licence": f"{recipe['licence']}, and the terms of the training data",
        "data": [str(line) for line in recipe.get("data", [])],
        "citation": [str(line) for line in recipe.get("citation", [])],
    }
    best = source / "best.pt"
    if recipe["publish"] == "best" or not (source / "checkpoint.pt").is_file():
        file, state = best, load_state(best)
    else:
        file = source / "checkpoint.pt"
        whole = load_pickled(file)
        state = plain_tensors(file, whole.get("average") if isinstance(whole, dict) else None)
    network = filled(built(fields, file.stat().st_size), state, str(file))
    return write_bundle(
        target_folder,
        request,
        network,
        tool="napari-acs training run",
        file=file,
        stem=request.id or str(recipe.get("id", source.name)),
        fields=fields,
        notes=[
            f"the averaged network of {file.name}, by the run's recipe",
            "not judged: `napari-acs train --out` judges it and writes its figures",
        ],
    )


def _recipe(request: Request) -> dict[str, Any]:
    draft = request.source / "draft" / "model.json"
    if request.config is not None:
        found = read_plain_file(request.config)
    elif draft.is_file():
        found = store.read_spec(draft.parent).training.get("recipe", {})
    else:
        raise BadInput(
            f"the run in {request.source} does not hold its recipe",
            do="Give the recipe it was trained with: --config RECIPE.yaml",
        )
    if not isinstance(found.get("architecture"), dict):
        raise BadInput(f"the recipe of {request.source} is none", expected="an architecture")
    return RECIPE_DEFAULTS | found


def _copied(request: Request, target_folder: Path) -> Bundle:
    source = load_bundle(request.source)
    if request.id is not None and request.id != source.spec.id:
        raise BadInput(
            f"{request.source} has an id of its own",
            found=source.spec.id,
            do="Add it without --id",
        )
    target = target_folder / source.spec.id
    if target_folder.absolute() == store.user_folder().absolute():
        refuse_taken(source.spec.id)
    with files_of(request.source) as files, folder_appears(target) as staging:
        for name in wanted(files, source.spec):
            take_one(files, name, limit(name, source.spec), staging, request.source)
        bundle_of(store.read_spec(staging), staging).network(untrained=True)
    return load_bundle(target)
