"""An argument parser whose mistakes take one line."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """argparse without guessing of abbreviated options and without a page of usage before the mistake."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def parse_args(self, args: Sequence[str], namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]
        """Parse, and suggest the nearest option for one that is unknown, before a missing one is complained of."""
        known = [option for action in self._actions for option in action.option_strings]
        for word in args:
            name = word.partition("=")[0]
            if word == "--":
                break
            if name.startswith("--") and name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                self.error(f"there is no option {name}" + (f" (did you mean {near[0]}?)" if near else ""))
        options: argparse.Namespace = super().parse_args(args, namespace)
        return options

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with status 2."""
        end = "" if message.endswith(("?", ".")) else "."
        sys.stderr.write(f"{self.prog}: error: {message}{end} See {self.prog} --help.\n")
        raise SystemExit(2)
