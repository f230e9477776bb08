"""Gradients with respect to the inputs, and their norms with respect to every official parameter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from .adapters import ADAPTERS, Record
from .goldens import FOLDER, gradient_records, inputs, load_by_rule, no_adapter
from .rules import rule_input


@pytest.mark.parametrize("record", gradient_records(), ids=lambda record: record["name"])
def test_gradient_equals_the_authors_code(record: Record):
    if record["family"] not in ADAPTERS:
        no_adapter("gradient", record["name"])
    adapted = ADAPTERS[record["family"]](record)
    adapted.module.eval().double()
    load_by_rule(adapted, record, record.get("weight_rule", "A"))
    own = adapted.module.state_dict(keep_vars=True)
    assert all(record["grad_norms"].get(key) is None for key in adapted.dead)
    norms = {key: norm for key, norm in record["grad_norms"].items() if key not in adapted.dead}
    for key in norms:  # the authors train by accident what we keep as buffers: mean shifts
        own[adapted.table[key]].requires_grad_()
    given = [x.requires_grad_() for x in inputs(record)]

    results = adapted.run(*given)
    result = results if isinstance(results, torch.Tensor) else results[0]
    loss = (result * rule_input(record["input_seeds"][-1] + 1, result.shape, -1, 1)).sum()
    loss.backward()

    tolerance = record["tol_rel_f64"]
    assert loss.item() == pytest.approx(record["loss"], rel=tolerance)
    with np.load(FOLDER / f"{record['name']}.npz") as stored:
        names = ["gx"] if len(given) == 1 else [f"gx{index}" for index in range(len(given))]
        expected = {name: torch.from_numpy(stored[name]) for name in names if name in stored.files}
    assert expected
    for x, name in zip(given, names, strict=True):
        own_gradient = torch.zeros_like(x) if x.grad is None else x.grad  # a retina passes none to its location
        gradient = expected.get(name, torch.zeros_like(x))
        assert (own_gradient - gradient).abs().max() <= tolerance * gradient.abs().max()
    largest = max((norm for norm in norms.values() if norm is not None), default=0)
    for key, norm in norms.items():
        gradient = own[adapted.table[key]].grad
        if norm is None:  # what the first output does not depend on
            assert gradient is None or not gradient.any(), key
        else:
            assert gradient.norm().item() == pytest.approx(norm, rel=tolerance, abs=1e-12 * largest), key
