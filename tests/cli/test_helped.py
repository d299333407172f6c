"""Every option of every command says what it is for."""

import pytest
import typer.main

from napari_acs.cli import app


def _commands(command, words=()):
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*words, name))
    yield " ".join(words), command


COMMANDS = dict(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_has_a_help(words):
    command = COMMANDS[words]
    assert command.help
    unsaid = [p.opts for p in command.params if p.name != "help" and not getattr(p, "help", None)]
    assert unsaid == [], words
