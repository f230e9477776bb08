"""Lightweight and dynamic convolution: closed forms, borders, causality, memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import DynamicConv, DynamicConv1d, LightweightConv1d
from restore.errors import ConfigError, ShapeError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_without_weights_it_is_a_mean_over_the_window():
    module = DynamicConv(16, 5).double()
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    x = random(1, 16, 6, 7)
    torch.testing.assert_close(module(x), nn.functional.avg_pool2d(x, 5, 1, 2))  # which counts the padding, too


def test_rows_sum_to_one_inside_and_lose_what_lies_outside():
    module = fill(DynamicConv(8, 3, 4)).double()
    x = random(2, 8, 4, 5)
    sums = module.affinity(x).sum(-1).unflatten(2, (4, 5))
    torch.testing.assert_close(sums[..., 1:-1, 1:-1], torch.ones(2, 4, 2, 3, dtype=torch.float64))
    torch.testing.assert_close(sums[..., 0, 0], module.weights(x)[:, :, [4, 5, 7, 8], 0, 0].sum(2))


def test_a_place_sees_its_window_alone():
    module = fill(DynamicConv(8, 5, 2)).double()
    x = random(1, 8, 9, 9).requires_grad_()
    module(x)[..., 4, 4].sum().backward()
    seen = x.grad.abs().sum((0, 1)) > 0
    assert module.context == 2
    assert seen[2:7, 2:7].all()
    assert seen.sum() == 25


def test_no_column_matrix_is_built():
    module, x = fill(DynamicConv(64, 5, 4)), torch.rand(1, 64, 32, 32, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest < 64 * 25 * 32 * 32 / 8
    assert memory.peak < 64 * 25 * 32 * 32 * 4 / 2


@pytest.mark.parametrize("options", [{"kernel_size": 4}, {"kernel_size": 0}, {"heads": 0}, {"heads": 5}])
def test_wrong_numbers_are_refused(options):
    ((name, value),) = options.items()
    with pytest.raises(ConfigError, match=f"{name}={value}"):
        DynamicConv(16, **options)


SEQUENCES = [DynamicConv1d, LightweightConv1d]


@pytest.mark.parametrize("cls", SEQUENCES)
@pytest.mark.parametrize("left", [0, 1, 3, 4])
def test_a_place_sees_so_many_places_before_it(cls, left):
    module = fill(cls(8, 5, 4, left)).double()
    x = random(11, 1, 8).requires_grad_()
    module(x)[5].sum().backward()
    assert (x.grad.abs().sum((1, 2)) > 0).nonzero().flatten().tolist() == list(range(5 - left, 10 - left))


@pytest.mark.parametrize("cls", SEQUENCES)
@pytest.mark.parametrize("length", [1, 2, 7])
def test_window_may_be_longer_than_the_sequence(cls, length):
    module, long = fill(cls(8, 5, 4, 4)).double(), random(7, 2, 8)
    torch.testing.assert_close(module(long[:length]), module(long)[:length])  # causal


@pytest.mark.parametrize("cls", SEQUENCES)
def test_sequences_of_a_batch_do_not_mix(cls):
    module, x = fill(cls(8, 3, 4, bias=True)).double(), random(5, 3, 8)
    torch.testing.assert_close(module(x), torch.cat([module(one) for one in x.split(1, dim=1)], dim=1))


@pytest.mark.parametrize("cls", SEQUENCES)
def test_kernels_are_shared_by_heads(cls):
    """Channels of one head, given the same content, come out the same."""
    module = fill(cls(8, 3, 2)).double()
    result = module(random(6, 1, 1).expand(6, 1, 8)).unflatten(2, (2, 4))
    torch.testing.assert_close(result, result[..., :1].expand_as(result))
    assert not torch.allclose(result[..., 0, :], result[..., 1, :])


def test_renormalized_windows_keep_a_constant():
    constant = torch.ones(6, 1, 8, dtype=torch.float64)
    module = fill(DynamicConv1d(8, 5, 4, renormalize=True)).double()
    torch.testing.assert_close(module(constant), constant)
    plain = fill(DynamicConv1d(8, 5, 4)).double()(constant)
    torch.testing.assert_close(plain[2:4], constant[2:4])
    assert (plain[[0, 1, 4, 5]] < 1).all()


def test_kernels_may_come_from_another_sequence():
    module = fill(DynamicConv1d(8, 3, 4, query_channels=5)).double()
    x, query = random(6, 2, 8), random(6, 2, 5)
    torch.testing.assert_close(module(2 * x, query), 2 * module(x, query))  # linear in x alone
    with pytest.raises(ShapeError, match=r"\(T, N, 5\)"):
        module(x)


@pytest.mark.parametrize("cls", SEQUENCES)
def test_drop_connect_acts_in_training_alone(cls):
    module, x = fill(cls(8, 3, 4, drop_connect=0.5)).double(), random(6, 2, 8)
    assert torch.equal(module.eval()(x), fill(cls(8, 3, 4)).double()(x))
    torch.manual_seed(0)
    results = torch.stack([module.train()(x) for _ in range(2000)])
    assert (results.std(0) > 0).all()
    torch.testing.assert_close(results.mean(0), module.eval()(x), rtol=0, atol=0.15)


def test_without_softmax_weights_are_taken_as_they_are():
    module, x = fill(LightweightConv1d(4, 3, 2, softmax=False)).double(), random(5, 1, 4)
    weight = module.weight.repeat_interleave(2, dim=0)  # (C, 1, K)
    expected = nn.functional.conv1d(x.permute(1, 2, 0), weight, padding=1, groups=4).permute(2, 0, 1)
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize("cls", SEQUENCES)
@pytest.mark.parametrize(
    "options",
    [
        {"channels": 0},
        {"kernel_size": 0},
        {"heads": 3},
        {"heads": -1},
        {"left": 3},
        {"left": -1},
        {"drop_connect": 1.0},
    ],
)
def test_wrong_numbers_of_sequences_are_refused(cls, options):
    ((name, value),) = options.items()
    with pytest.raises(ConfigError, match=f"{name}={value}"):
        cls(**({"channels": 16} | options))


@pytest.mark.parametrize("cls", SEQUENCES)
@pytest.mark.parametrize("shape", [(5, 2, 15), (5, 16), (16, 5, 2)])
def test_other_sequences_are_refused(cls, shape):
    with pytest.raises(ShapeError, match=r"\(T, N, 16\)"):
        cls(16)(torch.rand(shape))
