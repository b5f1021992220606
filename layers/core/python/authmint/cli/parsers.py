"""What every command's ``--help`` has: what it does, its options, and an example of its use."""

import argparse
from typing import Any


def add_command(
    commands: Any, name: str, *, summary: str, examples: str, description: str | None = None
) -> argparse.ArgumentParser:
    """Add a command to the subparsers and return its parser.

    Args:
        commands: What ``add_subparsers`` gave.
        name: As it is typed.
        summary: One line, for the list of commands; also the description where there is none.
        examples: Lines to type, each with what it does where that is not plain.
        description: Whole sentences.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        epilog="examples:\n" + "".join(f"  {line}\n" for line in examples.strip().splitlines()),
        formatter_class=_Help,
    )
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """Fills descriptions, keeps the lines of examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)
