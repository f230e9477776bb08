"""OCNet's object context and its parts."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import BaseObjectContext, ObjectContext, ObjectContextPooling
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


class TestObjectContextPooling:
    def test_starts_at_nought(self):
        assert not ObjectContextPooling(8, 4, 6, 5)(torch.rand(1, 8, 5, 4)).any()

    def test_affinity_is_what_forward_uses(self):
        module, x = fill(ObjectContextPooling(8, 4, 6, 5)).double().eval(), picture(2, 8, 5, 4)
        torch.testing.assert_close(module.gather(x, module.affinity(x)), module(x))

    def test_two_places_look_at_each_other_alike(self):
        """Query and key are one, so the logits are symmetric."""
        weights = fill(ObjectContextPooling(8, 4, 6)).double().eval().affinity(picture(1, 8, 3, 3))[0, 0]
        logits = weights.log()
        odd = logits - logits.T  # what is left are the rows' sums: a difference of one number a row
        torch.testing.assert_close(odd, odd[:, :1] - odd[:, :1].T)

    def test_scale_pools_before_and_resizes_after(self):
        small, large = (fill(ObjectContextPooling(8, 4, 6, scale=scale)).double().eval() for scale in (1, 2))
        x = picture(1, 8, 7, 9)
        resized = F.interpolate(small(F.max_pool2d(x, 2)), (7, 9), mode="bilinear", align_corners=True)
        torch.testing.assert_close(large(x), resized)

    @pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 2), (4, 3)])
    def test_small_maps_are_pooled_to_what_they_have(self, size):
        result = fill(ObjectContextPooling(8, 4, 6, scale=3)).eval()(torch.rand(1, 8, *size))
        assert result.shape == (1, 8, *size)
        assert result.isfinite().all()

    @pytest.mark.parametrize("option", ["channels", "key_width", "value_width", "out_channels", "scale"])
    @pytest.mark.parametrize("number", [0, -1])
    def test_numbers_below_one_are_refused(self, option, number):
        with pytest.raises(ConfigError, match=f"{option}={number}"):
            ObjectContextPooling(**{"channels": 8, "key_width": 4, "value_width": 4} | {option: number})


class TestBaseObjectContext:
    def test_scales_are_added(self):
        module, x = fill(BaseObjectContext(8, 8, 4, 4, scales=(1, 2))).double().eval(), picture(1, 8, 6, 6)
        torch.testing.assert_close(module(x), module.fuse(x, module.poolings[0](x) + module.poolings[1](x)))

    def test_alone_knows_the_input_by_its_context_only(self):
        module = BaseObjectContext(8, 8, 4, 4, beside_input=False).eval()  # whose context is nought at the start
        x = torch.rand(2, 8, 5, 4)
        torch.testing.assert_close(module(x), module(torch.zeros_like(x)))
        assert not torch.equal(*(BaseObjectContext(8, 8, 4, 4).eval()(x).chunk(2)))

    @pytest.mark.parametrize(
        "options", [{"scales": ()}, {"scales": (0,)}, {"out_channels": 0}, {"dropout": -0.1}, {"key_width": 0}], ids=str
    )
    def test_wrong_options_are_refused(self, options):
        with pytest.raises(ConfigError, match="scale" if "scales" in options else next(iter(options))):
            BaseObjectContext(**{"channels": 8, "out_channels": 8, "key_width": 4, "value_width": 4} | options)


class TestObjectContext:
    def test_is_as_large_as_the_authors(self):
        assert sum(parameter.numel() for parameter in ObjectContext(512).parameters()) == 920576

    def test_no_matrix_of_all_pairs_forward_and_back(self):
        module, x = fill(ObjectContext(16)).eval(), torch.rand(1, 16, 32, 32, requires_grad=True)
        with Memory() as lean:
            module(x).sum().backward()
        with Memory() as plain:
            module.affinity(x)
        assert lean.largest <= 2 * x.numel()
        assert plain.largest == 1024**2

    def test_dropout_is_for_training_alone(self):
        torch.manual_seed(0)
        module, x = fill(ObjectContext(16, dropout=0.5)), torch.rand(1, 16, 5, 4)
        assert (module.train()(x) == 0).flatten(2).all(2).any()
        assert not (module.eval()(x) == 0).any()

    @pytest.mark.parametrize("options", [{"reduction": 0}, {"reduction": 17}, {"dropout": 2.0}], ids=str)
    def test_wrong_options_are_refused(self, options):
        with pytest.raises(ConfigError, match=next(iter(options))):
            ObjectContext(16, **options)
