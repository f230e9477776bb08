"""Reading a folder of goldens, and giving our module the official weights."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from restore.zoo.official.table import load_official_state

from .adapters import Adapted, Record
from .rules import rule_input, rule_value

FOLDER = Path(os.environ.get("RESTORE_GOLDENS") or Path(__file__).parent / "goldens")
STRICT = os.environ.get("RESTORE_GOLDENS_STRICT") == "1"


def records() -> list[Record]:
    """The items of index.json, each with its official names and shapes."""
    shapes = json.loads((FOLDER / "golden_state_dicts.json").read_text())
    items = json.loads((FOLDER / "index.json").read_text())["items"]
    return [item | {"state_dict": shapes.get(item["name"], {})} for item in items]


def gradient_records() -> list[Record]:
    """The items of gradients.json, those of one input in the form of those of several; a set may have none."""
    file = FOLDER / "gradients.json"
    items = json.loads(file.read_text()) if file.exists() else []
    for item in items:
        if "input_seed" in item:
            item |= {"input_seeds": [item["input_seed"]], "input_shapes": [item["input_shape"]]}
    return [{"fixed_keys": [], "x_stored": False} | item for item in items]


def no_adapter(kind: str, name: str) -> None:
    """Skip by name, or fail where every family is wanted."""
    message = f"no adapter for the {kind} {name!r}"
    if STRICT:
        pytest.fail(message)
    pytest.skip(message)


def load_by_rule(adapted: Adapted, record: Record, rule: str) -> None:
    """Load the official state by its rule; fixed keys and integer tensors keep the constants that ours has.

    A linear layer may be a 1x1 convolution of ours: axes of one pixel are added or dropped, nothing else is reshaped.
    """
    own = adapted.module.state_dict()
    state = {}
    for key, shape in record["state_dict"].items():
        if key in adapted.constants:
            assert list(adapted.constants[key].shape) == shape, key
            continue
        ours = own.get(adapted.table.get(key, ""))
        if ours is not None and (key in record["fixed_keys"] or not ours.is_floating_point()):
            assert list(ours.shape) == shape, key
            state[key] = ours
        else:
            value = rule_value(key, shape, rule)
            state[key] = value if ours is None else _with_axes_of(ours, value)
    load_official_state(adapted.module, state, adapted.table, adapted.dead)


def _with_axes_of(ours: Tensor, value: Tensor) -> Tensor:
    same = [side for side in ours.shape if side > 1] == [side for side in value.shape if side > 1]
    return value.reshape(ours.shape) if same else value


def arrays(record: Record, letter: str) -> list[Tensor]:
    """The stored x or y, or x0, x1, ... in float64."""
    with np.load(FOLDER / record["npz"]) as stored:
        names = sorted((n for n in stored.files if n[0] == letter and n[1:].isdigit()), key=lambda n: int(n[1:]))
        return [torch.from_numpy(stored[name]).double() for name in names or [letter]]


def inputs(record: Record) -> list[Tensor]:
    """The inputs, made from their seeds; stored ones must equal these."""
    shapes = zip(record["input_seeds"], record["input_shapes"], strict=True)
    made = [rule_input(seed, shape, *record["input_range"]) for seed, shape in shapes]
    if record["x_stored"]:
        for one, stored in zip(made, arrays(record, "x"), strict=True):
            torch.testing.assert_close(one, stored, rtol=0, atol=0)
    return made
