"""One line of the Models panel: what a bundle says of itself, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.imaging.names import TITLES
from napari_acs.models.spec import VOLUME
from napari_acs.models.stated import Stated, StatedClasses, stated_classes, stated_quality

if TYPE_CHECKING:
    from napari_acs.models.spec import AnySpec

NOT_STATED = "its card states none"
SOURCES = {
    "bundled": "with napari-acs",
    "user": "your models folder",
    "shared": "a shared folder (read only)",
}


@dataclass(frozen=True)
class ModelRow:
    """A bundle, or a folder that is refused as one.

    Attributes
    ----------
    path : Path
        Its folder; what tells rows apart.
    id, title, version, task, licence, origin : str
        As the bundle says; of a broken one, the id may be the folder's name and the rest empty.
    source : str
        ``"bundled"``, ``"user"`` or ``"shared"``.
    required, optional : tuple of str
        Sequences that it cannot do without, and others that it can use.
    minimum : int
        How many of them there must be.
    size_bytes : int
        Of the weights.
    trained : bool
    default : bool
        Whether the Segment panel offers it first.
    quality : Stated
        What its card states; not checked here.
    classes : StatedClasses
        The same of a classifier.
    why : str
        Why it is refused; empty for a bundle that is in order as far as its description goes.
    """

    path: Path
    id: str
    title: str
    source: str
    version: str = ""
    task: str = ""
    licence: str = ""
    origin: str = ""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    minimum: int = 1
    size_bytes: int = 0
    trained: bool = True
    default: bool = False
    quality: Stated = field(default_factory=Stated)
    classes: StatedClasses = field(default_factory=StatedClasses)
    why: str = ""

    @property
    def broken(self) -> bool:
        """Whether it is refused."""
        return bool(self.why)

    @property
    def segments(self) -> bool:
        """Whether it is a model that the Segment panel can offer."""
        return self.task == "segmentation"

    @property
    def removable(self) -> bool:
        """Whether it is the user's own."""
        return self.source == "user"

    @property
    def state(self) -> str:
        """Broken, untrained, default or trained, in one word."""
        if self.broken:
            return "broken"
        if not self.trained:
            return "untrained"
        return "default" if self.default else "trained"


def row_of(spec: AnySpec, path: Path, source: str, *, default: bool) -> ModelRow:
    """Return the row of a bundle."""
    channels = spec.input.channels
    return ModelRow(
        path,
        spec.id,
        spec.title,
        source,
        spec.version,
        spec.task,
        spec.licence,
        spec.origin,
        tuple(channel.name for channel in channels if channel.required),
        tuple(channel.name for channel in channels if not channel.required),
        max(spec.input.minimum_sequences, 1),
        spec.weights.size_bytes,
        spec.status == "trained",
        default,
        stated_quality(spec.metrics),
        stated_classes(spec.metrics),
    )


def facts(row: ModelRow) -> tuple[tuple[str, str], ...]:
    """Return what is shown of a row: (name, words), in order; the table may cut a long title."""
    if row.broken:
        return (
            ("Refused", row.why),
            ("From", f"{SOURCES.get(row.source, row.source)}: {row.path}"),
        )
    origin = f"; {row.origin}" if row.origin else ""
    return (
        ("Model", row.title),
        ("Task", f"{row.task} ({row.id} {row.version})"),
        ("Sequences", sequences(row)),
        ("Status", _status(row)),
        ("Quality", quality(row.quality) if row.segments else class_quality(row.classes)),
        ("Size", f"{row.size_bytes / 1e6:.1f} MB of weights"),
        ("Licence", row.licence),
        ("From", f"{SOURCES.get(row.source, row.source)}{origin}"),
    )


def sequences(row: ModelRow) -> str:
    """Say which sequences a model needs, and which it can do without."""
    every = (*row.required, *row.optional)
    if every == (VOLUME,):
        return "one volume, of any sequence"
    if row.minimum >= len(every) or not row.optional:
        return f"{_titles(every)}: all needed" if len(every) > 1 else f"{_titles(every)} needed"
    if not row.required:
        count = f"at least {row.minimum}" if row.minimum > 1 else "any"
        return f"{count} of {_titles(every)}"
    more = f", at least {row.minimum} in all" if row.minimum > len(row.required) else ""
    return f"{_titles(row.required)} needed, {_titles(row.optional)} optional{more}"


def quality(stated: Stated) -> str:
    """Say what a card states, and that nobody has checked it here."""
    if not stated.dice:
        return NOT_STATED
    each = ", ".join(f"{name} {dice:.2f}" for name, dice in stated.dice.items())
    cases = f"{stated.cases} real validation case{'s' if stated.cases != 1 else ''}"
    return f"mean Dice {each} over {cases}, as its card states; not checked here"


def class_quality(stated: StatedClasses) -> str:
    """Say what a classifier's card states, and that nobody has checked it here."""
    parts = []
    if stated.balanced_accuracy is not None:
        parts.append(f"balanced accuracy {stated.balanced_accuracy:.2f}")
    if stated.auroc is not None:
        ends = " to ".join(f"{end:.2f}" for end in stated.auroc_interval)
        parts.append(f"AUROC {stated.auroc:.2f}{f' ({ends})' if ends else ''}")
    if not parts:
        return NOT_STATED
    patients = f"{stated.patients} held-out patient{'s' if stated.patients != 1 else ''}"
    return f"{', '.join(parts)} over {patients}, as its card states; not checked here"


def _status(row: ModelRow) -> str:
    if not row.trained:
        return "untrained: it has a fresh head, and is refused for use until it is trained"
    return "trained, and the one that Segment offers first" if row.default else "trained"


def _titles(names: tuple[str, ...]) -> str:
    return ", ".join(TITLES.get(name, name) for name in names)
