"""Adapters beyond the goldens at hand: gradients that another set of the same form may hold."""

from __future__ import annotations

import re

import pytest

from .adapters import ADAPTERS, Record
from .goldens import OWN, family_of, records

ITEMS = records(OWN)


@pytest.mark.parametrize("record", ITEMS, ids=lambda record: record["name"])
def test_a_gradient_finds_the_family_of_goldens_of_other_sizes(record: Record):
    kind, *sizes = record["name"].removesuffix("__ruleB").split("_")
    others = [re.sub(r"\d+", lambda number: str(int(number[0]) + 1), word) for word in sizes]

    family = family_of(record | {"name": "_".join(["grad", kind, *others])}, ITEMS)

    assert ADAPTERS.get(family) is ADAPTERS.get(record["family"])


def test_a_gradient_of_another_name_finds_its_family_by_its_tensors():
    record = next(record for record in ITEMS if record["family"] == "DANet CAM")
    assert family_of(record | {"name": "grad_other"}, ITEMS) == "DANet CAM"
    assert family_of(record | {"name": "grad_other", "state_dict": {}}, ITEMS) is None
