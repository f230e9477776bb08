"""data: what is done with a folder of pictures before training."""

from __future__ import annotations

import difflib
import importlib
import sys
from typing import NamedTuple


class Subcommand(NamedTuple):
    """One line of the table."""

    module: str
    """Has `main(argv) -> int`."""
    help: str
    """What it does, in one line."""


SUBCOMMANDS = {
    "check": Subcommand(
        "restore.commands.data_check", "counts, sizes, broken files, copies, test pictures in training"
    ),
    "pack": Subcommand("restore.commands.data_pack", "tar files to stream from, for what fits no disk"),
}


def main(argv: list[str]) -> int:
    """Run `restore data`: the subcommand's status; 2 where there is none of that name."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return 0
    if argv[0] not in SUBCOMMANDS:
        near = difflib.get_close_matches(argv[0], SUBCOMMANDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(SUBCOMMANDS)}"
        what = "option" if argv[0].startswith("-") else "subcommand"
        sys.stderr.write(f"restore data: error: there is no {what} '{argv[0]}': {hint}\n")
        return 2
    return int(importlib.import_module(SUBCOMMANDS[argv[0]].module).main(argv[1:]))


def _help() -> str:
    lines = [f"  {name:<10}{subcommand.help}" for name, subcommand in SUBCOMMANDS.items()]
    return (
        "usage: restore data SUBCOMMAND [options]\n\n"
        "Look at a folder of pictures, and get it ready for training.\n\n"
        + "\n".join(lines)
        + "\n\n  restore data SUBCOMMAND --help    the options of one\n"
    )
