"""The global context block: one context for all, its options, its cost."""

from __future__ import annotations

import itertools

import pytest
import torch

from restore.attention import GlobalContext
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill

FORMS = list(itertools.product(("attention", "average"), ("add", "scale", "both")))


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize(("pooling", "fusion"), FORMS)
class TestForms:
    def test_affinity_is_what_forward_uses(self, pooling, fusion):
        module, x = fill(GlobalContext(16, pooling=pooling, fusion=fusion)).double(), picture(2, 16, 5, 4)
        torch.testing.assert_close(module.gather(x, module.affinity(x)), module(x), rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(module.affinity(x, at=(3, 1)).flatten(2), module.affinity(x)[:, :, 13])

    def test_starts_as_the_input_or_as_half_of_it(self, pooling, fusion):
        module, x = GlobalContext(16, pooling=pooling, fusion=fusion).double(), picture(2, 16, 5, 4)
        torch.testing.assert_close(module(x), x if fusion == "add" else x / 2)
        assert module.starts_as_identity == (fusion == "add")

    def test_memory_grows_with_the_places(self, pooling, fusion):
        module = fill(GlobalContext(16, pooling=pooling, fusion=fusion))
        x = torch.rand(1, 16, 32, 32, requires_grad=True)
        with Memory() as memory:
            module(x).sum().backward()
        assert memory.largest <= x.numel()


def test_all_places_get_the_same_sum():
    module, x = fill(GlobalContext(16)).double(), picture(2, 16, 5, 4)
    added = module(x) - x
    torch.testing.assert_close(added, added[:, :, :1, :1].expand_as(added))


def test_average_counts_all_places_alike():
    weights = GlobalContext(16, pooling="average").affinity(torch.rand(1, 16, 5, 4))
    torch.testing.assert_close(weights, torch.full((1, 1, 20, 20), 1 / 20))


def test_bottleneck_of_one_channel_lets_nothing_through():
    module, x = fill(GlobalContext(16, reduction=16)).double(), picture(2, 16, 5, 4)
    added = module(x) - x
    torch.testing.assert_close(added, added[:1, :, :1, :1].expand_as(added))


@pytest.mark.parametrize(
    ("channels", "reduction", "fusion", "size"), [(256, 16, "add", 8753), (64, 4, "both", 4385)], ids=str
)
def test_is_as_large_as_the_authors(channels, reduction, fusion, size):
    module = GlobalContext(channels, reduction, fusion=fusion)
    assert sum(parameter.numel() for parameter in module.parameters()) == size


@pytest.mark.parametrize(
    "options", [{"reduction": 0}, {"reduction": 17}, {"pooling": "att"}, {"fusion": "channel_add"}], ids=str
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        GlobalContext(16, **options)
