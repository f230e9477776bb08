"""Batch normalization with its activation."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from restore.layers.activated_norm import ActivatedNorm
from tests.parity.rules import fill


def test_is_a_batch_norm_and_a_leaky_relu():
    plain, ours = nn.BatchNorm2d(4).double(), ActivatedNorm(4, slope=0.2).double()
    x = torch.randn(3, 4, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(x), F.leaky_relu(plain(x), 0.2), rtol=1e-4, atol=1e-6)  # the scale has eps more
    torch.testing.assert_close(ours.running_mean, plain.running_mean)
    torch.testing.assert_close(ours.running_var, plain.running_var)


def test_sign_of_the_scale_does_not_matter():
    norm, x = fill(ActivatedNorm(4)).eval(), torch.randn(1, 4, 3, 3)
    before = norm(x)
    nn.init.constant_(norm.bias, 0)
    other = norm(x)
    with torch.no_grad():
        norm.weight.neg_()
    torch.testing.assert_close(norm(x), other)
    assert not torch.equal(before, other)


def test_scale_is_never_nought():
    norm = ActivatedNorm(1).eval()
    nn.init.zeros_(norm.weight)
    assert norm(torch.ones(1, 1, 1, 1)).item() > 0
