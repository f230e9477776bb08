"""Gradients with respect to the input, and their norms with respect to every official parameter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from .adapters import GRADIENT_ADAPTERS, Record
from .goldens import FOLDER, gradient_records, load_by_rule, no_adapter
from .rules import rule_input


@pytest.mark.parametrize("record", gradient_records(), ids=lambda record: record["name"])
def test_gradient_equals_the_authors_code(record: Record):
    adapt = next((a for start, a in GRADIENT_ADAPTERS.items() if record["name"].startswith(start)), None)
    if adapt is None:
        no_adapter("gradient", record["name"])
    adapted = adapt(record)
    adapted.module.eval().double()
    load_by_rule(adapted, record, record.get("weight_rule", "A"))
    own = adapted.module.state_dict(keep_vars=True)
    for tensor in own.values():  # the authors train by accident what we keep as buffers: mean shifts
        tensor.requires_grad_(tensor.is_floating_point())
    x = rule_input(record["input_seed"], record["input_shape"], *record["input_range"]).requires_grad_()

    result = adapted.run(x)
    loss = (result * rule_input(record["input_seed"] + 1, result.shape, -1, 1)).sum()
    loss.backward()

    tolerance = record["tol_rel_f64"]
    assert loss.item() == pytest.approx(record["loss"], rel=tolerance)
    with np.load(FOLDER / f"{record['name']}.npz") as stored:
        expected = torch.from_numpy(stored["gx"])
    assert (x.grad - expected).abs().max() <= tolerance * expected.abs().max()
    largest = max(record["grad_norms"].values())
    for key, norm in record["grad_norms"].items():
        assert own[adapted.table[key]].grad.norm().item() == pytest.approx(norm, rel=tolerance, abs=1e-12 * largest)
