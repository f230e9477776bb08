"""Point-wise spatial attention: masks, directions, sizes."""

from __future__ import annotations

import pytest
import torch

from restore.attention import PointwiseSpatialAttention
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

PUBLISHED = {"softmax": True, "normalization": 1.0}


def build(**options: object) -> PointwiseSpatialAttention:
    return fill(PointwiseSpatialAttention(8, **{"width": 3, "mask": (5, 7), **options})).double().eval()


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_mask_says_what_its_place_takes_from_each_shift():
    module, reduced = build(direction="collect", shrink=1, softmax=False), rand(1, 3, 4, 6)
    masks = module.attention["collect"](reduced)[0].view(5, 7, 4, 6)
    weights = module.affinity(reduced, "collect")[0].view(4, 6, 4, 6)
    for y, x, v, u in [(0, 0, 1, 2), (3, 5, 2, 2), (2, 2, 2, 2), (3, 1, 1, 4)]:
        assert weights[v, u, y, x] == masks[v - y + 2, u - x + 3, y, x]
    assert weights[3, 0, 0, 0] == 0  # three rows apart, the mask reaches two


def test_distributing_is_collecting_the_other_way():
    collect, distribute = (build(direction=d, shrink=1, softmax=False) for d in ("collect", "distribute"))
    state = {key.replace("collect", "distribute"): value for key, value in collect.state_dict().items()}
    distribute.load_state_dict(state)
    reduced = rand(2, 3, 4, 6)
    taken, given = collect.affinity(reduced, "collect"), distribute.affinity(reduced, "distribute")
    torch.testing.assert_close(given, taken.transpose(1, 2))


@pytest.mark.parametrize("direction", ["collect", "distribute", "both"])
@pytest.mark.parametrize(("h", "w"), [(1, 1), (2, 3), (6, 8), (13, 4)])
def test_any_size_is_taken_and_the_input_comes_first(direction, h, w):
    x = rand(2, 8, h, w)
    result = build(direction=direction)(x)
    assert result.shape == (2, 16, h, w)
    assert torch.equal(result[:, :8], x)
    assert result.isfinite().all()


@pytest.mark.parametrize("direction", ["collect", "distribute"])
def test_weights_of_a_result_sum_to_one(direction):
    weights = build(direction=direction, mask=(3, 3), softmax=True).affinity(rand(1, 3, 4, 5), direction)
    torch.testing.assert_close(weights.sum(1), torch.ones(1, 20, dtype=torch.float64))


@pytest.mark.parametrize(("normalization", "divisor"), [("places", 24), ("mask", 35), (2.0, 2)])
def test_sums_are_divided(normalization, divisor):
    module, plain = (build(normalization=n, direction="collect", shrink=1) for n in (normalization, 1.0))
    x = rand(1, 8, 4, 6)
    expected = plain._branch(x, [4, 6], "collect") / divisor
    torch.testing.assert_close(module._branch(x, [4, 6], "collect"), expected)


def test_defaults_are_the_paper_and_the_authors_code_is_an_option():
    module, published = (build(direction="collect", shrink=1, **options) for options in ({}, PUBLISHED))
    x = rand(1, 8, 4, 6)
    reduced = module.reduce["collect"](x)
    energy = build(direction="collect", shrink=1, normalization=1.0).affinity(reduced, "collect")
    values = reduced.flatten(2)
    torch.testing.assert_close(module._branch(x, [4, 6], "collect").flatten(2), values @ energy / 24)
    torch.testing.assert_close(published._branch(x, [4, 6], "collect").flatten(2), values @ energy.softmax(1))


def test_gradients_are_finite_at_one_pixel():
    module = build()
    x = rand(1, 8, 1, 1).requires_grad_()
    module(x).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in (x, *module.parameters()))


def test_compiles_without_graph_breaks():
    torch.compiler.reset()
    module, x = build(), rand(1, 8, 6, 5)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))


def test_misfits_are_refused():
    with pytest.raises(ShapeError, match=r"\[3, 2\]"):
        build(compact=True)(rand(1, 8, 5, 4))
    with pytest.raises(ShapeError, match="8, H, W"):
        build()(rand(1, 7, 5, 4))
    with pytest.raises(ConfigError, match="shrink=0"):
        build(shrink=0)
    with pytest.raises(ConfigError, match="normalization"):
        build(normalization=0.0)
    with pytest.raises(ConfigError, match="normalization='sum'"):
        build(normalization="sum")
    with pytest.raises(ConfigError, match="direction='nonsense'"):
        build(direction="nonsense")
