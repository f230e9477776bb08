"""timm's layers are imported without a trace, or their tests say what is missing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.timm_layers import INSTALL, _load, adopt, assert_equals, timm_layers

ROOT = Path(__file__).parents[1]


def imported() -> dict[str, object]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("timm", "torchvision")}


def test_nothing_of_the_import_stays():
    before, torchvision = imported(), importlib.util.find_spec("torchvision") is not None
    _load.cache_clear()  # another test may have imported it
    assert timm_layers().__name__ == "timm.layers"
    assert imported() == before
    assert (importlib.util.find_spec("torchvision") is not None) == torchvision


def test_without_timm_the_reason_is_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(pytest.skip.Exception, match=f"timm is not installed: {INSTALL}"):
        timm_layers()
    assert INSTALL.removeprefix("pip install ") in (ROOT / "Makefile").read_text()


def test_a_tensor_left_over_is_an_error():
    ours, theirs = nn.Sequential(nn.Linear(4, 2)), nn.Sequential(nn.Conv2d(4, 2, 1, bias=False))
    with pytest.raises(RuntimeError, match="Missing"):
        adopt(ours, theirs, {})
    with pytest.raises(RuntimeError, match="Unexpected"):
        adopt(ours, theirs, {"0": "1"}, zeros=True)
    adopt(ours, theirs, {}, zeros=True)
    assert torch.equal(ours[0].weight, theirs[0].weight[..., 0, 0])
    assert not ours[0].bias.any()


class Turned(nn.Module):
    """The input, with minus its gradient."""

    def forward(self, x):
        return 2 * x.detach() - x


@pytest.mark.parametrize("other", [nn.Dropout(), nn.LeakyReLU(0.999), Turned()], ids=["training", "result", "gradient"])
def test_what_is_not_equal_is_told(other):
    assert_equals(nn.Identity(), nn.Identity(), 1, 2, 9, 9)
    with pytest.raises(AssertionError, match=f"training={isinstance(other, nn.Dropout)}"):
        assert_equals(nn.Identity(), other, 1, 2, 9, 9)
