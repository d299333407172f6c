"""The structured form of a session: a small YAML file says its fields.

title: Glioma follow-up
fields:
  - {name: quality, type: choice, label: Image quality, options: [good, fair, poor], required: yes}
  - {name: longest, type: number, label: Longest diameter, unit: mm, min: 0, max: 250}
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from napari_acs.errors import BadInput
from napari_acs.review.session.spelling import whole_text

_MOST_BYTES = 2**20
_Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
_Label = Annotated[str, Field(min_length=1, max_length=200)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Field(_Model):
    name: _Name
    label: str = ""
    help: str = ""
    required: bool = False

    @property
    def title(self) -> str:
        """What to show: the label, or the name."""
        return self.label or self.name


class _Options(_Field):
    options: Annotated[list[_Label], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> _Options:
        if len(set(self.options)) < len(self.options):
            raise ValueError("an option that comes twice")
        return self


class Choice(_Options):
    """One of several options."""

    type: Literal["choice"]

    def check(self, value: Any) -> str:
        """Return the answer, or say in a ``ValueError`` what was expected."""
        if value not in self.options:
            raise ValueError(f"one of {', '.join(self.options)}")
        return str(value)


class MultiChoice(_Options):
    """Any of several options, in the form's order."""

    type: Literal["multi-choice"]

    def check(self, value: Any) -> list[str]:
        """Return the answer, or say in a ``ValueError`` what was expected."""
        if not isinstance(value, list | tuple | set) or not set(value) <= set(self.options):
            raise ValueError(f"any of {', '.join(self.options)}")
        return [option for option in self.options if option in value]


class Number(_Field):
    """A number in a unit, within limits."""

    type: Literal["number"]
    unit: str = ""
    min: float | None = None
    max: float | None = None
    whole: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Number:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self

    def check(self, value: Any) -> float:
        """Return the answer, or say in a ``ValueError`` what was expected."""
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if not (numeric and math.isfinite(value) and low <= value <= high) or (
            self.whole and value != int(value)
        ):
            kind = "a whole number" if self.whole else "a number"
            limits = [f"from {self.min:g}"] if self.min is not None else []
            limits += [f"to {self.max:g}"] if self.max is not None else []
            raise ValueError(" ".join(filter(None, (kind, *limits, self.unit))))
        return int(value) if self.whole else float(value)


class Text(_Field):
    """Free text. It is exported as it was typed: no place for names."""

    type: Literal["text"]
    most: Annotated[int, Field(ge=1)] = 2000

    def check(self, value: Any) -> str:
        """Return the answer, or say in a ``ValueError`` what was expected."""
        if not isinstance(value, str) or len(value) > self.most:
            raise ValueError(f"a text of at most {self.most} characters")
        return whole_text(value)


class YesNo(_Field):
    """Yes or no."""

    type: Literal["yes/no"]

    def check(self, value: Any) -> bool:
        """Return the answer, or say in a ``ValueError`` what was expected."""
        if not isinstance(value, bool):
            raise ValueError("yes or no")
        return value


FormField = Annotated[Choice | MultiChoice | Number | Text | YesNo, Field(discriminator="type")]


class Form(_Model):
    """What is asked about every item."""

    title: str = ""
    fields: list[FormField] = []

    @model_validator(mode="after")
    def _distinct(self) -> Form:
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("a name that two fields bear")
        return self


def read_form(path: Path) -> Form:
    """Read a form from a YAML file of at most 1 MiB.

    Raises
    ------
    BadInput
        It is missing, no YAML, or describes no form; the first fault is named.
    """
    import yaml  # noqa: PLC0415 (sessions without a form do without)

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path.name} is too large for a form", expected="at most 1 MiB")
        described = yaml.load(path.read_text(encoding="utf-8"), Loader=_plain_loader())
    except OSError as error:
        raise BadInput(f"{path} cannot be read", found=error.strerror or str(error)) from error
    # PyYAML's own readers of numbers and dates raise whatever Python does.
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, TypeError) as error:
        if isinstance(error, BadInput):
            raise
        line = " ".join(str(error).split())
        raise BadInput(f"{path.name} is not valid YAML", found=line) from error
    return form_of(described, path.name)


def form_of(described: Any, name: str = "the form") -> Form:
    """Return the form that plain values describe.

    Raises
    ------
    BadInput
        They describe none.
    """
    try:
        return Form.model_validate(described)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"{name} describes no form",
            found=f"{where}: {first['msg']}" if where else first["msg"],
            expected="fields, each with a name and a type (choice, multi-choice, number, text, "
            "yes/no)",
        ) from error


def _plain_loader() -> Any:
    import yaml  # noqa: PLC0415 (as above)

    class Plain(yaml.SafeLoader):
        """YAML without aliases: aliases of aliases grow beyond all memory."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("YAML aliases, which a form does not need")
            return super().compose_node(parent, index)

    return Plain
