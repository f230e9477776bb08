"""The second law of docs/architecture.md: one concept a file, short, named with the field's word."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "restore"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
LIMIT = 250


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_stay_short(module: Path):
    lines = len((PACKAGE / module).read_text().splitlines())
    assert lines <= LIMIT, f"{module} has {lines} lines: split it by concept"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_say_what_they_hold(module: Path):
    docstring = ast.get_docstring(ast.parse((PACKAGE / module).read_text()))
    assert docstring
    assert len(docstring) > 10, f"{module}: {docstring!r} says nothing"


def test_no_room_is_a_drawer():
    drawers = {"utils", "util", "common", "helpers", "helper", "misc"}
    found = [module for module in MODULES if drawers & {part.removesuffix(".py") for part in module.parts}]
    assert found == []
