"""Weights and inputs of the goldens, which follow from rules so that nothing large is stored (index.json, "rules")."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn


def rule_value(key: str, shape: Sequence[int], rule: str) -> Tensor:
    """The float64 value of the floating-point tensor that is officially called `key`, by rule A or B."""
    z = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(tuple(shape))
    if key.endswith("running_var"):
        value = np.abs(z) + 0.5
    elif len(shape) > 1:
        value = z / math.sqrt(math.prod(shape[1:]))
    elif rule == "B" and len(shape) == 1 and key.split(".")[-1] == "weight":
        value = 1 + 0.1 * z
    else:
        value = 0.1 * z
    return torch.as_tensor(np.asarray(value))


def rule_input(seed: int, shape: Sequence[int], low: float, high: float) -> Tensor:
    """The float64 input of `seed`."""
    unit = np.random.Generator(np.random.PCG64(seed)).random(tuple(shape))
    return torch.from_numpy(low + (high - low) * unit)


def fill(module: nn.Module, rule: str = "B") -> nn.Module:
    """Give every floating-point tensor of `module` the value that its own name has by `rule`; returns the module."""
    state = module.state_dict()
    for key, tensor in state.items():
        if tensor.is_floating_point():
            state[key] = rule_value(key, tensor.shape, rule).to(tensor.dtype)
    module.load_state_dict(state)
    return module
