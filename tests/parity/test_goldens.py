"""Every golden of the index, in float64 and float32, at the index's tolerance."""

from __future__ import annotations

import pytest
import torch

from .adapters import ADAPTERS, Record
from .goldens import arrays, inputs, load_by_rule, no_adapter, records


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, "tol_rel_f64"), (torch.float32, "tol_rel_f32")],
    ids=["float64", "float32"],
)
@pytest.mark.parametrize("record", records(), ids=lambda record: record["name"])
def test_equals_the_authors_code(record: Record, dtype: torch.dtype, tolerance: str):
    if record["family"] not in ADAPTERS:
        no_adapter("family", record["family"])
    adapted = ADAPTERS[record["family"]](record)
    adapted.module.eval().to(dtype)
    load_by_rule(adapted, record, record["weight_rule"])

    with torch.no_grad():
        results = adapted.run(*(x.to(dtype) for x in inputs(record)))
    results = (results,) if isinstance(results, torch.Tensor) else results

    for result, expected in zip(results, arrays(record, "y"), strict=True):
        assert result.dtype == dtype
        assert result.shape == expected.shape
        assert (result.double() - expected).abs().max() <= record[tolerance] * expected.abs().max()
