"""Reading a folder of goldens, and giving our module the official weights."""

from __future__ import annotations

import json
import os
import re
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from restore.zoo.official.table import load_official_state

from .adapters import Adapted, Record
from .rules import rule_input, rule_value

OWN = Path(__file__).parent / "goldens"
FOLDER = Path(os.environ.get("RESTORE_GOLDENS") or OWN)
STRICT = os.environ.get("RESTORE_GOLDENS_STRICT") == "1"


def records(folder: Path = FOLDER) -> list[Record]:
    """The items of index.json, each with its official names and shapes."""
    shapes = json.loads((folder / "golden_state_dicts.json").read_text())
    items = json.loads((folder / "index.json").read_text())["items"]
    return [item | {"state_dict": shapes.get(item["name"], {})} for item in items]


def gradient_records() -> list[Record]:
    """The items of gradients.json in the form of those of the index, with a family; a set may have none."""
    file = FOLDER / "gradients.json"
    items = json.loads(file.read_text()) if file.exists() else []
    for item in items:
        if "input_seed" in item:
            item |= {"input_seeds": [item["input_seed"]], "input_shapes": [item["input_shape"]]}
    known = records() if FOLDER == OWN else [*records(), *records(OWN)]
    return [{"fixed_keys": [], "x_stored": False, "family": family_of(item, known)} | item for item in items]


def family_of(gradient: Record, items: list[Record]) -> str | None:
    """The family of the golden that a gradient is most like: gradients.json names none.

    Each word that both names begin with counts one, the same official tensors two, and what is left is told by how many
    tensors and options are shared; None where neither name nor tensors are alike.
    """
    words, tensors = gradient["name"].removeprefix("grad_").split("_"), _kinds(gradient)

    def likeness(item: Record) -> tuple[int, float, float]:
        pairs = zip(words, item["name"].split("_"))
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        overlap = _overlap(tensors, _kinds(item))
        equal = overlap == 1 and len(gradient["state_dict"]) > 0
        return same + 2 * equal, overlap, _overlap(set(gradient["config"]), set(item["config"]))

    best = max(items, key=likeness)
    return best["family"] if likeness(best)[0] else None


def _kinds(record: Record) -> set[tuple[str, int]]:
    """Official names, whatever is counted in them, and inputs, each with its number of axes."""
    tensors = {(re.sub(r"\d+", "#", key), len(shape)) for key, shape in record["state_dict"].items()}
    return tensors | {(f"input {place}", len(shape)) for place, shape in enumerate(record["input_shapes"])}


def _overlap(one: set, other: set) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


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
