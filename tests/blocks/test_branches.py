"""The forms of a residual branch: their formulas, their sizes, and how they reach a network."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import ChannelAttention, no_attention
from restore.blocks import BRANCHES, ResidualBlock
from restore.errors import CheckpointError
from restore.networks import EDSR, RCAN
from restore.zoo import build, to_official
from tests.parity.rules import fill


def apply(x, weight, bias, groups=1):
    return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2, groups=groups)


def expected(branch: str, block: ResidualBlock, x: torch.Tensor) -> torch.Tensor:
    """The branch by its formula, from the block's tensors in their order."""
    state = list(block.state_dict().values())
    convs = [(state[i], state[i + 1]) for i in range(0, len(state), 2)]
    if branch == "pre_activation":
        return apply(apply(x.relu(), *convs[0]).relu(), *convs[1])
    if branch == "grouped":
        inner = apply(apply(x, *convs[0], groups=4).relu(), *convs[1], groups=4)
        return apply(inner.relu(), *convs[2])
    if branch == "depthwise":
        inner = apply(apply(x, *convs[0], groups=8), *convs[1]).relu()
        return apply(apply(inner, *convs[2], groups=8), *convs[3])
    inner = apply(x, *convs[0]).relu()
    return apply(torch.cat([x, inner], 1) if branch == "dense" else inner, *convs[1])


@pytest.mark.parametrize("branch", BRANCHES)
def test_each_branch_is_its_formula(branch):
    block = fill(ResidualBlock(8, no_attention, residual_scale=0.5, branch=branch)).double()
    x = torch.rand(2, 8, 6, 5, dtype=torch.float64) - 0.3
    torch.testing.assert_close(block(x), x + 0.5 * expected(branch, block, x), rtol=1e-12, atol=1e-12)


def test_branches_differ_in_size_as_they_are_meant_to():
    def size(branch):
        return sum(p.numel() for p in ResidualBlock(16, no_attention, branch=branch).parameters())

    sizes = {branch: size(branch) for branch in BRANCHES}
    assert sizes["plain"] == sizes["pre_activation"] == 2 * (9 * 16 * 16 + 16)
    assert sizes["wide"] == 2 * 9 * 16 * 64 + 64 + 16
    assert sizes["dense"] == sizes["plain"] + 9 * 16 * 16
    assert sizes["depthwise"] == 2 * (9 * 16 + 16 + 16 * 16 + 16) < sizes["grouped"] < sizes["plain"]


def test_a_pre_activated_prelu_has_a_slope_of_its_own():
    block = ResidualBlock(4, no_attention, activation="prelu", branch="pre_activation")
    assert {"before.weight", "activation.weight"} <= block.state_dict().keys()
    assert "before.weight" not in ResidualBlock(4, no_attention, activation="prelu").state_dict()


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("cls", [RCAN, EDSR])
def test_networks_take_every_branch_with_attention_and_from_a_file(cls, branch):
    options = {"scale": 2, "width": 8, "blocks": 2, "branch": branch}
    spec = {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 2}}
    network = build({"class_path": f"restore.networks.{cls.__name__}", "init_args": options | {"attention": spec}})
    blocks = [part for part in network.modules() if isinstance(part, ResidualBlock)]
    assert {block.branch for block in blocks} == {branch}
    assert all(isinstance(block.attention, ChannelAttention) for block in blocks)
    assert network(torch.rand(1, 3, 5, 6)).shape == (1, 3, 10, 12)
    if branch != "plain":
        with pytest.raises(CheckpointError, match=f"plain branches only.*{branch}"):
            to_official(network)
