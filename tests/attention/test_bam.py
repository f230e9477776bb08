"""BAM: the two joins, the window of the authors' code, options."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import BAM
from restore.errors import ConfigError
from tests.parity.rules import fill


@pytest.mark.parametrize(("join", "joined"), [("sum", torch.add), ("product", torch.mul)])
def test_branches_are_joined(join, joined):
    module = fill(BAM(8, 2, join=join)).double().eval()
    x = torch.randn(2, 8, 6, 9, dtype=torch.float64)
    gate = joined(module.channel_score(x), module.spatial_score(x)).sigmoid()
    torch.testing.assert_close(module.gate(x), gate)
    torch.testing.assert_close(module(x), x + x * gate)


def normalizations(branch: nn.Sequential) -> list[int]:
    return [index for index, layer in enumerate(branch) if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]


def test_the_paper_normalizes_each_branch_once_at_its_end():
    paper, published = BAM(16, 4, layers=2), BAM(16, 4, layers=2, normalize="inside")
    assert normalizations(paper.channel) == [len(paper.channel) - 1]
    assert normalizations(paper.spatial) == [len(paper.spatial) - 1]
    assert normalizations(published.channel) == [1, 4]
    assert normalizations(published.spatial) == [1, 4, 7]


def test_normalized_branches_have_one_scale_in_training():
    module = fill(BAM(8, 2)).double()
    for branch in (module.channel, module.spatial):
        nn.init.ones_(branch[-1].weight)
        nn.init.zeros_(branch[-1].bias)
    x = 10 * torch.randn(16, 8, 6, 9, dtype=torch.float64)
    for score in (module.channel_score(x).flatten(1), module.spatial_score(x).flatten().unsqueeze(1)):
        torch.testing.assert_close(score.mean(0), torch.zeros_like(score[0]))
        torch.testing.assert_close(score.var(0, correction=0), torch.ones_like(score[0]), rtol=0.05, atol=0)


def test_only_the_published_window_leaves_out_columns():
    paper, published = (fill(BAM(8, 2, mean_over=over)).double().eval() for over in ("whole", "square"))
    for parameter in (*paper.parameters(), *published.parameters()):
        parameter.data.abs_()  # no ReLU hides a column
    x = torch.rand(1, 8, 5, 8, dtype=torch.float64)
    changed = x.clone()
    changed[..., 5:] += 1
    assert torch.equal(published.channel_score(changed), published.channel_score(x))
    assert not torch.allclose(paper.channel_score(changed), paper.channel_score(x))
    high = x.transpose(2, 3)
    assert torch.equal(published.channel_score(high), paper.channel_score(high))


def test_reaches_as_far_as_it_says():
    module = fill(BAM(4, 2, dilated=3, dilation=2)).double().eval()
    for parameter in module.parameters():
        parameter.data.abs_()  # no ReLU hides a pixel
    x = torch.rand(1, 4, 1, 31, dtype=torch.float64, requires_grad=True)
    module.spatial_score(x)[..., 15].sum().backward()
    seen = x.grad.abs().sum((0, 1, 2)).nonzero().flatten()
    assert (seen.min(), seen.max()) == (15 - module.context, 15 + module.context)
    assert module.context == 6


def test_layers_of_the_branches():
    module = BAM(16, 4, layers=3, dilated=1)
    assert [type(layer).__name__ for layer in module.channel].count("Linear") == 4
    assert [type(layer).__name__ for layer in module.spatial].count("Conv2d") == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reduction": 0}, "reduction=0"),
        ({"reduction": 17}, "reduction=17"),
        ({"layers": 0}, "layers=0"),
        ({"dilated": 0}, "dilated=0"),
        ({"dilation": 0}, "dilation=0"),
        ({"join": "mean"}, "join='mean'"),
        ({"mean_over": "all"}, "mean_over='all'"),
        ({"normalize": "start"}, "normalize='start'"),
    ],
)
def test_other_options_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        BAM(16, **options)
