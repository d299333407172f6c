"""What a session is at one moment: cases, worklist items, masks, decisions; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from napari_acs.imaging.grid import Grid
from napari_acs.review.session.blinding import shown_name
from napari_acs.review.session.chain import Head

TO_DO = "to do"
IN_PROGRESS = "in progress"
ACCEPTED = "accepted"
CORRECTED = "corrected"
REJECTED = "rejected"
SECOND_READ = "needs second read"
STATUSES = (TO_DO, IN_PROGRESS, ACCEPTED, CORRECTED, REJECTED, SECOND_READ)
"""Of a worklist item, in the order that they are sorted in."""
DECIDED = (ACCEPTED, CORRECTED, REJECTED)
"""A reader has said what is to become of the mask."""

Origin = Literal["human", "machine", "imported"]
"""Who drew a mask: the reader in this session, a model, or somebody elsewhere."""
Ai = Literal["hidden", "shown", "after"]
"""When the masks that the reader has not drawn are seen: never, at once, after a first read."""


@dataclass(frozen=True)
class Case:
    """A study that the session is about.

    Attributes
    ----------
    name : str
        A pseudonym, unless the session keeps names.
    patient : str
        A pseudonym, too; the studies of one patient share it. Empty where nobody said.
    content : str
        SHA-256 over the files: the same case in the sessions of several raters.
    path : str
        The study.
    sequences : mapping of str to str
        Files by sequence, where the study is not simply what `path` holds.
    mask : str
        A mask that was made elsewhere, or nothing.
    labels : mapping of str to int, or None
        Our value (1 NCR, 2 ED, 3 ET) of each value of that mask, where the data set names them.
        Left empty: it does not, and BraTS's values are taken. None: they are other things.
    uncertainty : float or None
        How unsure the model that made the mask was, by the session's table; the higher the less
        sure.
    day : int or None
        Of the exam: days since the first one of this patient in the session. None where nobody
        knows, and in files of version 1.
    """

    name: str
    patient: str
    content: str
    path: str = field(repr=False)
    sequences: Mapping[str, str] = field(default_factory=dict, repr=False)
    mask: str = field(default="", repr=False)
    labels: Mapping[str, int] | None = field(default_factory=dict)
    uncertainty: float | None = None
    day: int | None = None


@dataclass(frozen=True)
class Mask:
    """A mask of an item, without its voxels.

    Attributes
    ----------
    id : int
        The event that brought it.
    item : int
    origin : {"human", "machine", "imported"}
    title : str
    grid : Grid
    parent : int or None
        The mask that it was started from.
    voxels : int
        Labelled voxels, now.
    steps : int
        Edits that are not undone.
    begun_with : int
        Labelled voxels at the start.
    uncertainty : float or None
        Of a prediction: the model's, the higher the less sure.
    provenance : mapping
        Of a prediction: model, hash, device ...
    """

    id: int
    item: int
    origin: Origin
    title: str
    grid: Grid
    parent: int | None
    voxels: int
    steps: int
    begun_with: int
    uncertainty: float | None
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def volume_ml(self) -> float:
        """Of all labels together."""
        return self.voxels * self.grid.voxel_ml


@dataclass(frozen=True)
class Read:
    """A decision: what a reader said of an item, and when.

    Attributes
    ----------
    status : str
    seq : int
        The event; the masks of that moment are those of this number.
    at : str
        UTC.
    mask : int or None
        Which mask it is about.
    answers : mapping
        Of the form, at that moment; they may be mended later, see `Item`.
    bulk : str
        The rule by which many were accepted at once; empty for a decision of its own.
    """

    status: str
    seq: int
    at: str
    mask: int | None
    answers: Mapping[str, Any]
    bulk: str = ""


@dataclass(frozen=True)
class Item:
    """A line of the worklist: one reading of one case.

    Attributes
    ----------
    number : int
        Its place in the plan, from 1.
    case : str
    read : int
        1 for the first reading of the case, 2 for a repeat ...
    ai : {"hidden", "shown", "after"}
    status : str
    note : str
    answers : mapping
    masks : tuple of int
    decided : Read or None
        The decision that holds.
    unaided : Read or None
        The decision before the masks of others were revealed, with the answers as they were then.
    unaided_note : str
        The note as it was then.
    revealed : bool
    audited : bool
        It was accepted in bulk and drawn to be read again.
    classification : mapping
        What a classifier last said of the case while this reader had it open; empty if nothing.
    """

    number: int
    case: str
    read: int
    ai: Ai
    status: str = TO_DO
    note: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    masks: tuple[int, ...] = ()
    decided: Read | None = None
    unaided: Read | None = None
    unaided_note: str = ""
    revealed: bool = False
    audited: bool = False
    classification: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def shown_name(self) -> str:
        """What the reader is shown as the case's name; see `blinding.shown_name`."""
        return shown_name(self.case, self.read)

    @property
    def sees_others(self) -> bool:
        """Whether masks that the reader has not drawn may be shown."""
        return self.ai == "shown" or (self.ai == "after" and self.revealed)


@dataclass(frozen=True)
class Position:
    """Where the reader is: item, voxel (z, y, x) in view, mask that is edited."""

    item: int
    index: tuple[int, int, int] | None = None
    mask: int | None = None


@dataclass(frozen=True)
class Audit:
    """A sample of bulk decisions that is read again: items drawn, items drawn from, seed."""

    items: tuple[int, ...]
    drawn_from: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class SessionState:
    """All that a review file says, but for voxels and times.

    Attributes
    ----------
    id : str
        The same in the files of all raters.
    log : str
        What this file is called among them, and names nobody: the beginning of the hash of the
        last event of its making. It stays the same while the log grows, and whatever other files
        it is read together with.
    rater : str
    home : str
        The folder that the session was made in: paths are found again from there if all moved.
    form : mapping
        As `napari_acs.review.session.form.Form` reads it.
    idle_s : float
        Seconds without a sign of the reader after which time stops.
    seed : int
        That the plan was drawn with.
    cases : mapping of str to Case
    items : mapping of int to Item
        In the order of the plan.
    masks : mapping of int to Mask
    position : Position or None
    audits : tuple of Audit
    clock_went_back : tuple of int
        Events that bear an earlier time than the one before.
    head : Head
    """

    id: str = ""
    log: str = ""
    rater: str = ""
    home: str = field(default="", repr=False)
    form: Mapping[str, Any] = field(default_factory=dict)
    idle_s: float = 0.0
    seed: int = 0
    cases: Mapping[str, Case] = field(default_factory=dict)
    items: Mapping[int, Item] = field(default_factory=dict)
    masks: Mapping[int, Mask] = field(default_factory=dict)
    position: Position | None = None
    audits: tuple[Audit, ...] = ()
    clock_went_back: tuple[int, ...] = ()
    head: Head = field(default_factory=Head)
