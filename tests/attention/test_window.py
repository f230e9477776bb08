"""Window attention: who sees whom, shifted and not."""

from __future__ import annotations

import pytest
import torch

from restore.attention import TokenWindowAttention, WindowAttention
from restore.attention.representation.window import shift_mask
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

from .memory import Memory


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("window", [1, 3, 4])
@pytest.mark.parametrize(("h", "w"), [(1, 1), (2, 5), (9, 12)])
def test_affinity_is_what_forward_uses(shifted, window, h, w):
    module = fill(WindowAttention(8, window, heads=2, shifted=shifted)).double()
    x = torch.rand(2, 8, h, w, dtype=torch.float64)
    affinity = module.affinity(x)
    torch.testing.assert_close(module.gather(x, affinity), module(x), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(affinity.sum(3), torch.ones_like(affinity[..., 0]))
    row = module.affinity(x, at=(h - 1, w // 2))
    torch.testing.assert_close(row.flatten(2), affinity[:, :, (h - 1) * w + w // 2])


@pytest.mark.parametrize("shifted", [False, True])
def test_a_place_sees_its_window_and_no_more(shifted):
    module = fill(WindowAttention(8, 4, heads=2, shifted=shifted))
    seen = module.affinity(torch.rand(1, 8, 12, 8), at=(5, 2))[0] > 1e-30
    expected = torch.zeros(12, 8, dtype=torch.bool)
    if shifted:
        expected[2:6, 2:6] = True
    else:
        expected[4:8, 0:4] = True
    assert torch.equal(seen, expected.expand(2, -1, -1))


def test_the_roll_joins_no_opposite_borders():
    module = fill(WindowAttention(8, 4, heads=2, shifted=True))
    seen = module.affinity(torch.rand(1, 8, 8, 8), at=(0, 0))[0] > 1e-30
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[:2, :2] = True
    assert torch.equal(seen, expected.expand(2, -1, -1))


@pytest.mark.parametrize("shifted", [False, True])
def test_nothing_beyond_the_context_matters(shifted):
    module = fill(WindowAttention(8, 4, heads=2, shifted=shifted)).double()
    x = torch.rand(1, 8, 11, 13, dtype=torch.float64)
    other = x.clone()
    other[:, :, 5, 6] += 1
    rows, columns = torch.where((module(other) - module(x)).abs().amax((0, 1)) > 1e-12)
    assert (rows - 5).abs().max() <= module.context
    assert (columns - 6).abs().max() <= module.context
    assert len(rows) > 1


def test_masks_count_from_the_first_window_again():
    module = fill(TokenWindowAttention(6, (2, 3), heads=3)).double()
    tokens, mask = torch.rand(4, 6, 6, dtype=torch.float64), torch.rand(2, 6, 6, dtype=torch.float64)
    apart = torch.cat([module(tokens[i : i + 1], mask[i % 2 : i % 2 + 1]) for i in range(4)])
    torch.testing.assert_close(module(tokens, mask), apart)


def test_only_windows_at_the_end_are_masked():
    mask = shift_mask((12, 8), 4, 2, torch.zeros(()))
    assert mask.shape == (6, 16, 16)
    assert mask.unique().tolist() == [-100, 0]
    assert [bool((window < 0).any()) for window in mask] == [False, True, False, True, True, True]


def test_a_shift_compiles_at_a_size_that_is_padded():
    torch.compiler.reset()
    module, x = fill(WindowAttention(8, 4, shifted=True)), torch.rand(1, 8, 6, 5)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))


def test_inference_before_training_leaves_nothing_behind():
    module, x = WindowAttention(8, 4, shifted=True), torch.rand(1, 8, 8, 8)
    with torch.inference_mode():
        module(x)
    module(x.requires_grad_()).sum().backward()
    assert x.grad.isfinite().all()


def test_memory_grows_with_the_window_not_with_the_map():
    module, x = fill(WindowAttention(16, 4, heads=2, shifted=True)), torch.rand(1, 16, 32, 32)
    with Memory() as memory:
        module(x.requires_grad_()).sum().backward()
    assert memory.largest <= 1024 * max(2 * 4 * 4, 3 * 16)  # heads * T numbers a place, or query, key and value


def test_misfits_are_refused():
    with pytest.raises(ConfigError, match="heads=3"):
        WindowAttention(16, heads=3)
    with pytest.raises(ShapeError, match="16, 8"):
        TokenWindowAttention(8, (4, 4))(torch.rand(2, 15, 8))
    with pytest.raises(ShapeError, match="divides 4"):
        TokenWindowAttention(8, (2, 2))(torch.rand(4, 4, 8), torch.rand(3, 4, 4))
