"""What a computation costs."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from restore.inference.cost import cost, multiply_adds, peak_memory, seconds


def test_multiply_adds_of_a_convolution_and_of_attention():
    assert multiply_adds(nn.Conv2d(4, 8, 3, padding=1), torch.rand(1, 4, 10, 12)) == 10 * 12 * 9 * 4 * 8

    class Attend(nn.Module):
        def forward(self, x):
            return F.scaled_dot_product_attention(x, x, x, scale=1.0)

    assert multiply_adds(Attend(), torch.rand(1, 1, 50, 8)) == 2 * 50 * 50 * 8

    class Look(Attend):
        def forward(self, x):
            return super().forward(x) if x.sum().item() > 0 else x

    assert multiply_adds(Look(), torch.rand(1, 1, 50, 8)) == 2 * 50 * 50 * 8


def test_multiply_adds_are_counted_where_autocast_is_switched_off_without_computing():
    ran = []

    class Precise(nn.Module):
        def forward(self, x):
            with torch.autocast(x.device.type, enabled=False):
                ran.append(type(x))
                return x @ x.mT

    assert multiply_adds(Precise(), torch.rand(1, 50, 8)) == 50 * 50 * 8
    assert [kind is torch.Tensor for kind in ran] == [False]


def test_peak_memory_is_what_is_alive_at_once():
    x = torch.rand(2**20)
    one = x.numel() * 4
    assert one <= peak_memory(lambda: x * 2) < 1.1 * one
    assert 2 * one <= peak_memory(lambda: x * 2 + 1) < 2.1 * one

    def freed() -> None:
        for _ in range(4):
            x * 2

    assert one <= peak_memory(freed) < 1.1 * one


def test_seconds_grow_with_the_work():
    x = torch.rand(256, 256)
    few, many = (seconds(lambda n=n: [x @ x for _ in range(n)], at_least=0.0) for n in (1, 50))
    assert 0 < few < many


def test_cost_counts_the_graph():
    module, x = nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)), torch.rand(1, 4, 64, 64)
    result = cost(module, x, rounds=1)
    assert result.both_bytes > result.forward_bytes > 0
    assert result.both_seconds > result.forward_seconds > 0
    assert x.grad is None
