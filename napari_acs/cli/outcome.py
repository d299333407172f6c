"""How a command ends: the exit codes that scripts rely on, and one sentence on stderr."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec

import typer

from napari_acs.cli.absent import refusal_of
from napari_acs.errors import BadInput, lack_of_memory
from napari_acs.inference.messages import Failure

P = ParamSpec("P")

OUR_FAULT = 1
REFUSED = 2
CANCELLED = 3
_CODES = {"input": REFUSED, "empty": REFUSED, "cancelled": CANCELLED, "internal": OUR_FAULT}
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REPORT = "Please report it, with what this command prints when --debug is added."


def exits(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that whatever it raises becomes a sentence and an exit code."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except typer.Exit:
            raise
        except BadInput as refusal:
            _end(refusal.sentence(), REFUSED)
        except KeyboardInterrupt:
            _end("Cancelled.", CANCELLED)
        except MemoryError:
            _end(lack_of_memory("The command was stopped").sentence(), REFUSED)
        except Exception as error:
            if kwargs.get("debug"):
                traceback.print_exception(error)
            if isinstance(error, OSError) and error.errno in _FULL:
                _end(_no_room(error).sentence(), REFUSED)
            absent = refusal_of(error) if isinstance(error, ModuleNotFoundError) else None
            if absent is not None:
                _end(absent.sentence(), REFUSED)
            fault = f"{type(error).__name__}: {error}"
            _end(f"napari-acs is at fault: {fault.rstrip('. ')}. {_REPORT}", OUR_FAULT)

    return guarded


def end_with(failure: Failure, *, debug: bool) -> NoReturn:
    """End the command as a job's ``Failure`` says."""
    if debug and failure.detail:
        typer.echo(failure.detail, err=True)
    _end(failure.sentence(), _CODES[failure.kind])


def _no_room(error: OSError) -> BadInput:
    what = error.filename or "What this command has to say, or a file that it needs for a while,"
    return BadInput(
        f"{what} cannot be written",
        found=(error.strerror or str(error)).lower(),
        do="Free some space, or let TMPDIR name a folder on another disk",
    )


def _end(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
