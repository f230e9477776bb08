"""Region-level non-local attention: regions are apart, and cut as published."""

from __future__ import annotations

import pytest
import torch

from restore.attention import NonLocalAttention, RegionNonLocalAttention
from restore.errors import ConfigError
from tests.parity.rules import fill

from .memory import Memory


def filled(**options):
    return fill(RegionNonLocalAttention(8, **options)).double().eval()


def test_each_region_is_a_non_local_block_of_its_own():
    module, x = filled(subsample=True), torch.rand(2, 8, 7, 10, dtype=torch.float64)
    result = module(x)
    for rows in (slice(0, 3), slice(3, 7)):
        for columns in (slice(0, 5), slice(5, 10)):
            torch.testing.assert_close(result[..., rows, columns], module.non_local(x[..., rows, columns]))


def test_nothing_passes_a_border():
    module = filled(regions=3)
    x = torch.rand(1, 8, 9, 9, dtype=torch.float64, requires_grad=True)
    module(x)[..., 4, 4].sum().backward()
    reached = x.grad[0].abs().sum(0) > 0
    assert reached[3:6, 3:6].all()
    assert reached.sum() == 9


def test_one_region_is_the_whole():
    module, x = filled(regions=1), torch.rand(1, 8, 5, 6, dtype=torch.float64)
    whole = NonLocalAttention(8, reduction=8).double()
    whole.load_state_dict(module.non_local.state_dict())
    torch.testing.assert_close(module(x), whole(x))
    torch.testing.assert_close(module.affinity(x), whole.affinity(x))


@pytest.mark.parametrize("subsample", [False, True])
@pytest.mark.parametrize(("regions", "size"), [(2, (7, 11)), (3, (2, 8)), (2, (1, 1)), (4, (3, 5))])
def test_affinity_is_what_forward_uses(regions, size, subsample):
    module, x = filled(regions=regions, subsample=subsample), torch.rand(2, 8, *size, dtype=torch.float64)
    affinity = module.affinity(x)
    torch.testing.assert_close(module.gather(x, affinity), module(x), rtol=1e-11, atol=1e-12)
    y, x_ = size[0] - 1, size[1] // 2
    row = module.affinity(x, at=(y, x_))
    torch.testing.assert_close(row.flatten(2), affinity[:, :, y * size[1] + x_])


@pytest.mark.parametrize("option", ["regions", "reduction"])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ConfigError, match=f"{option}=0"):
        RegionNonLocalAttention(8, **{option: 0})


def test_no_matrix_of_all_pairs():
    module, x = fill(RegionNonLocalAttention(16)), torch.rand(1, 16, 64, 64, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest <= x.numel()
