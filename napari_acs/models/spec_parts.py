"""The parts of ``model.json`` that segmentation models and classifiers share."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 3
"""The version of the format that this package writes; it reads 1 and 2 as well.

2 added ``status``, ``origin``, ``requires``, ``input.axes``, the other normalisations and
orientation, ``output.activation``, ``output.channels`` and a region's ``channels``; what a file of
format 1 leaves out has the meaning that it had there. 3 added the task ``classification``
(`ClassifierSpec`), and a region's ``minimum_ml`` and ``smallest_part_ml``.
"""

ID: Final = r"^[a-z0-9][a-z0-9._-]*$"
"""What a bundle may be called."""


class Frozen(BaseModel):
    """Part of a description: it does not change, and knows no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Architecture(Frozen):
    """The network's builder, by name (see ``models/networks.py``), and its arguments."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    arguments: dict[str, Any] = Field(default_factory=dict)


class Channel(Frozen):
    """One input channel: the sequence that fills it, and whether it may be missing."""

    name: str
    required: bool = False


class Weights(Frozen):
    """The weights file beside ``model.json``, pinned by its hash."""

    file: str = Field(default="weights.safetensors", pattern=r"^[A-Za-z0-9_.-]+\.safetensors$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)


class Described(Frozen):
    """What every ``model.json`` says, whatever its task."""

    format: Literal[1, 2, 3] = FORMAT
    id: str = Field(pattern=ID)
    version: str
    title: str
    status: Literal["trained", "untrained"] = Field(
        default="trained", description="an untrained one has a fresh head and may not predict"
    )
    origin: str = Field(
        default="", description="what it was imported from: tool, version, file and its sha256"
    )
    requires: tuple[str, ...] = Field(
        default=(), description="extras of this package that its network needs, such as monai"
    )
    architecture: Architecture
    weights: Weights
    data: tuple[str, ...] = ()
    metrics: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    licence: str
    citation: tuple[str, ...] = ()
    intended_use: str = "Research only. Not a medical device; not for clinical use."
