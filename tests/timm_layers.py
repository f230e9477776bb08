"""timm's layers, to compare with live, without the torchvision that `import timm` asks for.

`make setup` installs timm by itself, see the Makefile. Its layers ask torchvision for one class, which none that is
compared with is built of.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from tests.parity.rules import fill

INSTALL = "pip install --no-deps timm -c constraints.txt"


def timm_layers() -> ModuleType:
    """The package `timm.layers`; skips the test where timm is not installed."""
    found = importlib.util.find_spec("timm")
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"timm is not installed: {INSTALL}")
    return _load(tuple(found.submodule_search_locations))


@functools.cache
def _load(folders: tuple[str, ...]) -> ModuleType:
    """Import beside a `timm` that runs nothing and a torchvision of one class; none of them stays in sys.modules."""
    stand_ins = {name: ModuleType(name) for name in ("timm", "torchvision", "torchvision.ops", "torchvision.ops.misc")}
    for stand_in in stand_ins.values():
        stand_in.__path__ = []
    stand_ins["timm"].__path__ = list(folders)
    stand_ins["torchvision.ops.misc"].FrozenBatchNorm2d = type("FrozenBatchNorm2d", (nn.Module,), {})
    before = _take_out()
    sys.modules.update(stand_ins)
    try:
        return importlib.import_module("timm.layers")
    finally:
        _take_out()
        sys.modules.update(before)


def _take_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in ("timm", "torchvision")]
    return {name: sys.modules.pop(name) for name in names}


def adopt(ours: nn.Module, theirs: nn.Module, rename: Mapping[str, str], zeros: bool = False) -> None:
    """Fill `theirs` by rule and give `ours` its tensors; nothing may be left over on either side.

    Axes of one pixel are added or dropped, nothing else is reshaped.

    Args:
        ours: our module.
        theirs: timm's.
        rename: what a layer is called there -> here.
        zeros: whether what `ours` has beyond `theirs`, as a bias, becomes zero.
    """
    own = ours.state_dict()
    state = {name: torch.zeros_like(value) for name, value in own.items()} if zeros else {}
    for key, value in fill(theirs).state_dict().items():
        layer, _, leaf = key.rpartition(".")
        name = f"{rename.get(layer, layer)}.{leaf}".removeprefix(".")
        state[name] = value.reshape(own[name].shape) if name in own and _sides(own[name]) == _sides(value) else value
    ours.load_state_dict(state)


def _sides(tensor: Tensor) -> list[int]:
    return [side for side in tensor.shape if side > 1]


def assert_equals(ours: nn.Module, theirs: nn.Module, *shape: int) -> None:
    """Equal results and input gradients in float64, as in use and as in training, of a picture of `shape`."""
    generator = torch.Generator().manual_seed(0)
    x, probe = (torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1 for _ in range(2))
    for training in (False, True):
        mine, other = (_run(module.double().train(training), x, probe) for module in (ours, theirs))
        torch.testing.assert_close(mine, other, msg=lambda text, mode=training: f"training={mode}: {text}")


def _run(module: nn.Module, x: Tensor, probe: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    result = module(x)
    (result * probe).sum().backward()
    assert x.grad is not None
    return result.detach(), x.grad
