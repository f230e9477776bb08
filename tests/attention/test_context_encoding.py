"""Context encoding: gate, classes."""

from __future__ import annotations

import pytest
import torch

from restore.attention import ContextEncoding
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill


@pytest.mark.parametrize("join", ["product", "rectified_sum"])
def test_with_a_gate_of_a_half(join):
    module = fill(ContextEncoding(8, 4, join=join)).eval()
    for parameter in module.excite.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.rand(2, 8, 5, 4) - 0.5
    torch.testing.assert_close(module(x), 0.5 * x if join == "product" else 1.5 * x.clamp(min=0))


def test_another_join_is_refused():
    with pytest.raises(ConfigError, match="join='sum'"):
        ContextEncoding(8, join="sum")


def test_gate_does_not_depend_on_the_order_of_places():
    module, x = fill(ContextEncoding(8, 4)).double().eval(), torch.rand(2, 8, 6, 5, dtype=torch.float64)
    shuffled = x.flatten(2)[..., torch.randperm(30)].unflatten(2, (5, 6))
    torch.testing.assert_close(module.gate(shuffled), module.gate(x))


def test_classes_are_told_beside():
    plain, module = fill(ContextEncoding(8, 4)).eval(), fill(ContextEncoding(8, 4, classes=3)).eval()
    x = torch.rand(2, 8, 5, 4)
    assert torch.equal(module(x), plain(x))
    expected = module.encode(x) @ module.classify.weight.t() + module.classify.bias
    torch.testing.assert_close(module.logits(x), expected)


def test_without_classes_there_are_no_logits():
    with pytest.raises(ConfigError, match="classes"):
        ContextEncoding(8, 4).logits(torch.rand(1, 8, 3, 3))


def test_logits_refuse_other_shapes():
    with pytest.raises(ShapeError, match="8"):
        ContextEncoding(8, 4, classes=2).logits(torch.rand(1, 7, 3, 3))


@pytest.mark.parametrize("option", ["codewords", "classes"])
def test_nothing_is_refused(option):
    with pytest.raises(ConfigError, match=f"{option}=0"):
        ContextEncoding(8, **{option: 0})


def test_in_training_the_running_statistics_follow():
    module = ContextEncoding(8, 4).train()
    module(torch.rand(2, 8, 5, 4)).sum().backward()
    assert module.project_norm.num_batches_tracked == module.encoding_norm.num_batches_tracked == 1
    assert module.encoding.codewords.grad.any()
    assert module.encoding.scale.grad.any()
