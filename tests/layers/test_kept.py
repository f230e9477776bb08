"""Constants of sizes: made once a type and device, and fit for training whoever asked first."""

from __future__ import annotations

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from restore.layers.kept import kept


def counted():
    made = []

    @kept
    def ramp(length: int) -> torch.Tensor:
        made.append(length)
        return torch.arange(length, dtype=torch.float64)

    return ramp, made


def test_it_is_made_once_for_a_size_and_a_type():
    ramp, made = counted()
    single, double = torch.zeros(1), torch.zeros(1, dtype=torch.float64)
    assert ramp(3, like=single) is ramp(3, like=single)
    assert ramp(3, like=double).dtype == torch.float64
    assert ramp(4, like=single).tolist() == [0, 1, 2, 3]
    assert made == [3, 3, 4]


def test_it_may_be_asked_for_without_gradients_first():
    ramp, _ = counted()
    with torch.inference_mode():
        ramp(3, like=torch.zeros(1))
    weight = torch.ones(3, requires_grad=True)
    (weight * ramp(3, like=weight)).sum().backward()
    assert weight.grad.tolist() == [0, 1, 2]


def test_what_has_no_memory_is_not_kept():
    ramp, _ = counted()
    with FakeTensorMode() as mode:
        assert isinstance(ramp(3, like=mode.from_tensor(torch.zeros(1))), FakeTensor)
    assert not isinstance(ramp(3, like=torch.zeros(1)), FakeTensor)
