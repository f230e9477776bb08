"""A parser that says a mistake in two lines."""

from __future__ import annotations

import difflib
import re
import sys
from typing import Any, NoReturn

from pytorch_lightning.cli import LightningArgumentParser


class ShortErrorParser(LightningArgumentParser):
    """On a mistake, prints the mistake and the nearest right word, not a page of usage."""

    def error(self, message: str, exception: Exception | None = None) -> NoReturn:
        """Print `message` shortened, with a hint; leave with status 2."""
        text = re.sub(r"\s+", " ", message).strip()
        sys.stderr.write(f"restore: error: {_shorten(text)}\n")
        hint = _nearest(text, _known(self))
        if hint:
            sys.stderr.write(f"Did you mean '{hint}'?\n")
        raise SystemExit(2)


def _shorten(text: str, limit: int = 400) -> str:
    """Take the machinery out of jsonargparse's message."""
    missing = re.search(r'Parser key "([\w.]+)".*Expected a dot import path string: (\S+)', text)
    if missing:
        text = f"{missing[1]}: there is no class {missing[2]}"
    unnamed = re.search(r'Parser key "([\w.]+)".*got NestedArg\(key=\'(\w+)\'', text)
    if unnamed:
        text = f"{unnamed[1]}: name its class before its option '{unnamed[2]}', as in --....{unnamed[1]} CLASS"
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " ..."


def _known(parser: Any) -> list[str]:
    """Option names of the parser and of its sub-commands, and class names in reach."""
    names = []
    for action in parser._actions:
        names += [option.lstrip("-") for option in action.option_strings]
        choices = getattr(action, "choices", None)
        if isinstance(choices, dict):
            for child in choices.values():
                names += _known(child)
    return names


def _nearest(text: str, known: list[str]) -> str | None:
    import restore.attention
    import restore.degradation
    import restore.networks
    import restore.tasks

    rooms = (restore.attention, restore.degradation, restore.networks, restore.tasks)
    classes = [f"{room.__name__}.{name}" for room in rooms for name in room.__all__]
    words = re.findall(r"['\" ]-*([A-Za-z_][\w.]*)['\"]?", text)
    groups = ("data", "model", "trainer")
    names = {name.rsplit(".", 1)[1] for name in classes}
    for word in words:
        if word.rsplit(".", 1)[-1] in names:  # a class that the message speaks of, by whatever path
            continue
        group, dot, rest = word.partition(".")
        near = difflib.get_close_matches(group, groups, n=1, cutoff=0.7)
        if dot and near and group not in groups:
            return f"{near[0]}.{rest}"
        for pool in (known, classes, [name.rsplit(".", 1)[1] for name in classes]):
            if word in pool:
                break
            near = difflib.get_close_matches(word, pool, n=1, cutoff=0.8)
            if near:
                return near[0]
    return None
