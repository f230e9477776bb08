"""Every exported module names its paper and its formula: `restore attention` and docs/attention.md print them."""

from __future__ import annotations

import inspect
import re
import sys

import pytest
from torch import nn

import restore.attention
from restore.attention import Attention, NoAttention

CLASSES = [
    cls
    for name in restore.attention.__all__
    if inspect.isclass(cls := getattr(restore.attention, name)) and issubclass(cls, nn.Module)
]
MODULES = [cls for cls in CLASSES if not inspect.isabstract(cls)]


@pytest.mark.parametrize("cls", MODULES, ids=lambda cls: cls.__name__)
def test_formula_stands_in_the_docstring(cls):
    assert re.search(r"^Formula:\n    \S", inspect.getdoc(cls) or "", re.MULTILINE)


@pytest.mark.parametrize("cls", [cls for cls in MODULES if cls is not NoAttention], ids=lambda cls: cls.__name__)
def test_paper_stands_in_the_module_docstring(cls):
    text = inspect.getdoc(sys.modules[cls.__module__]) or ""
    assert re.search(r"^Papers?:\s+\S", text, re.MULTILINE)
    assert re.search(r"\b(19|20)\d\d\b", text), "no year"
    assert re.search(r"https?://\S+", text), "no address"


@pytest.mark.parametrize("cls", [cls for cls in MODULES if issubclass(cls, Attention)], ids=lambda cls: cls.__name__)
def test_channels_come_first(cls):
    assert next(iter(inspect.signature(cls).parameters)) == "channels"
