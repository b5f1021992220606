"""What every command says of itself: an example that it takes, and the arguments it has."""

import argparse
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from authmint.cli.main import new_parser


def leaves(parser: argparse.ArgumentParser, *names: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups: list[Any] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield " ".join(names), parser
    for group in groups:
        for name, child in group.choices.items():
            yield from leaves(child, *names, name)


COMMANDS = dict(leaves(new_parser()))


def examples(parser: argparse.ArgumentParser) -> list[str]:
    lines = (parser.epilog or "").splitlines()
    return [line.strip().split("     ")[0] for line in lines if line.strip().startswith("authmint ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_of_help_is_taken(command: str) -> None:
    shown = examples(COMMANDS[command])

    assert shown
    for example in shown:
        arguments = shlex.split(example)[1:]
        assert " ".join(arguments).startswith(command)
        assert new_parser().parse_args(arguments).run


def test_help_keeps_the_lines_of_examples(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    with pytest.raises(SystemExit):
        new_parser().parse_args(["clock", "--help"])

    out = capsys.readouterr().out
    assert "\n  authmint clock --advance 2h   " in out
    assert all(len(line) < 60 for line in out.partition("examples:")[0].splitlines())
