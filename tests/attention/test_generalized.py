"""Generalized attention: every choice of terms, and what each term depends on."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from restore.attention import GeneralizedAttention
from restore.errors import ConfigError, ShapeError
from restore.inference.cost import multiply_adds
from tests.parity.rules import fill

from .memory import Memory

TYPES = [digits for digits in product([True, False], repeat=4) if any(digits)]


def name(value: object) -> str:
    return "".join(str(int(digit)) for digit in value) if isinstance(value, tuple) else str(value)


def build(terms: tuple[bool, ...], channels: int = 8, heads: int = 2, **options: object) -> GeneralizedAttention:
    names = ("query_key", "query_position", "key_content", "position")
    return fill(GeneralizedAttention(channels, heads, **dict(zip(names, terms, strict=True)), **options))


@pytest.mark.parametrize("terms", TYPES, ids=name)
@pytest.mark.parametrize(("h", "w", "stride"), [(1, 1, 2), (5, 4, 1), (4, 7, 3)])
def test_every_type_is_what_its_affinity_says(terms, h, w, stride):
    module, x = build(terms, key_stride=stride).double(), torch.rand(2, 8, h, w, dtype=torch.float64)
    affinity = module.affinity(x)
    torch.testing.assert_close(affinity.sum(-1), torch.ones_like(affinity[..., 0]))
    torch.testing.assert_close(module.gather(x, affinity), module(x), rtol=1e-9, atol=1e-11)


def test_the_energy_is_the_sum_of_the_terms():
    torch.manual_seed(0)
    module, x = build((True, True, True, True)).double(), torch.rand(1, 8, 4, 5, dtype=torch.float64)
    together = module.affinity(x).log()
    apart = torch.zeros_like(together)
    for place in range(4):
        alone = build(tuple(index == place for index in range(4))).double()
        alone.load_state_dict(module.state_dict(), strict=False)
        apart = apart + alone.affinity(x).log()
    torch.testing.assert_close(apart.softmax(-1), together.softmax(-1))


def test_the_key_alone_gives_every_place_the_same():
    x = torch.rand(1, 8, 4, 5)
    added = build((False, False, True, False))(x) - x
    torch.testing.assert_close(added, added[..., :1, :1].expand_as(x))


def test_position_alone_does_not_look():
    module, x = build((False, False, False, True)), torch.rand(1, 8, 4, 5)
    torch.testing.assert_close(module.affinity(x), module.affinity(torch.rand(1, 8, 4, 5)))
    torch.testing.assert_close(module(3 * x) - module(0 * x), 3 * (module(x) - module(0 * x)))  # linear, then


@pytest.mark.parametrize("terms", [t for t in TYPES if t in {(True,) * 4, (True, False, True, False)}], ids=name)
def test_memory_has_no_matrix_of_all_pairs(terms):
    module = build(terms, channels=16, heads=8, key_stride=1)
    with Memory() as memory:
        module(torch.rand(1, 16, 32, 32).requires_grad_()).sum().backward()
    assert memory.largest <= 8 * 1024 * (2 + 64 + 8)  # heads * HW * (d + h + w), aligned; one head's matrix is 1024^2


@pytest.mark.parametrize("terms", [(False, False, True, False), (False, False, False, True)], ids=name)
def test_memory_of_the_cheap_forms(terms):
    module = build(terms, channels=16, heads=8, key_stride=1)
    with Memory() as memory:
        module(torch.rand(1, 16, 32, 32).requires_grad_()).sum().backward()
    assert memory.largest <= 8 * 1024 * 32


@pytest.mark.parametrize(
    ("terms", "published", "more"),
    [("1111", 1160773632, 0), ("0010", 75857920, 0), ("1000", 1056964608, 0), ("0110", 821182464, 0.013)],
)
def test_multiply_adds_are_those_of_the_authors_module(terms, published, more):
    """256 channels, 8 heads, every second key, 48 x 48: nothing is computed twice, what is the same for all once.

    Where the key's content meets the query's position, one product of width 1 adds it.
    """
    module = GeneralizedAttention(256, 8, *(digit == "1" for digit in terms))
    assert multiply_adds(module, torch.rand(1, 256, 48, 48)) == pytest.approx(published, rel=more)


@pytest.mark.parametrize("terms", TYPES, ids=name)
def test_gradients_are_finite_in_half_the_bits(terms):
    module = build(terms).bfloat16()
    x = torch.full((1, 8, 3, 2), 0.5, dtype=torch.bfloat16, requires_grad=True)
    module(x).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in (x, *module.parameters()))


@pytest.mark.parametrize("terms", TYPES, ids=name)
def test_a_type_has_the_parameters_it_needs(terms):
    module = build(terms)
    module(torch.rand(1, 8, 4, 5)).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_channels_that_heads_do_not_divide_are_left_out():
    module = build((True,) * 4, channels=20, heads=3)
    assert module.value.out_channels == 18
    assert module(torch.rand(1, 20, 4, 5)).shape == (1, 20, 4, 5)


def test_the_published_mistake_is_another_formula():
    x = torch.rand(1, 8, 4, 4)
    right, mistaken = (build((False, True, False, False), transposed_query=choice) for choice in (False, True))
    assert not torch.allclose(right.affinity(x), mistaken.affinity(x))
    with pytest.raises(ShapeError, match="square"):
        mistaken(torch.rand(1, 8, 4, 5))
    with pytest.raises(ConfigError, match="transposed_query"):
        build((True,) * 4, transposed_query=True)


def test_misfits_are_refused():
    with pytest.raises(ConfigError, match="no term"):
        build((False,) * 4)
    with pytest.raises(ConfigError, match="position_width=6"):
        GeneralizedAttention(8, position_width=6)
    with pytest.raises(ConfigError, match="heads=9"):
        GeneralizedAttention(8, heads=9)
