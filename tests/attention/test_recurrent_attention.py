"""The recurrent attention model: what learns by what, and that REINFORCE moves the gaze."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import (
    ActionNetwork,
    BaselineNetwork,
    GlimpseCore,
    LocationPolicy,
    RecurrentAttention,
    reinforce_loss,
)
from restore.attention.sampling.recurrent_attention import Episode
from restore.errors import ConfigError
from tests.parity.rules import fill


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_reinforce_moves_the_gaze_to_where_reward_is():
    """Two kinds of memory, a place each: a draw is rewarded by how near it came, and no gradient says where to go."""
    torch.manual_seed(0)
    policy, baseline = LocationPolicy(2, sigma=0.3, hidden=16), BaselineNetwork(2)
    optimizer = torch.optim.Adam([*policy.parameters(), *baseline.parameters()], lr=0.02)
    memory = torch.eye(2).repeat(64, 1)
    goal = torch.tensor([[0.4, 0.5], [-0.5, 0.2]]).repeat(64, 1)
    generator, rewards = seeded(), []
    for _ in range(200):
        location, log_density = policy.draw(memory, generator)
        reward = -(location - goal).norm(dim=1)
        episode = Episode(memory, location.unsqueeze(1), log_density.unsqueeze(1), baseline(memory).unsqueeze(1))
        optimizer.zero_grad()
        reinforce_loss(episode, reward).backward()
        optimizer.step()
        rewards.append(reward.mean().item())
    assert rewards[0] < -0.5
    assert sum(rewards[-20:]) / 20 > -0.4  # the spread of the draws alone costs 0.376
    assert (policy(memory).mean - goal).norm(dim=1).max() < 0.15


def test_gradient_of_the_density_is_the_known_one():
    policy, memory = fill(LocationPolicy(4, sigma=0.1)).double(), torch.rand(3, 4, dtype=torch.float64)
    distribution = policy(memory)
    location, density = policy.draw(memory, seeded())
    assert location.abs().max() < 1, "no draw was clamped, so the closed form holds"
    (gradient,) = torch.autograd.grad(density.sum(), policy.mean.bias)
    mean = distribution.mean
    expected = (location - mean) / 0.1**2 * (1 - mean**2)
    torch.testing.assert_close(gradient, expected.sum(0))
    torch.testing.assert_close(density, distribution.log_prob(location))


def test_draws_stay_in_the_picture_and_follow_the_generator():
    policy, memory = LocationPolicy(4, sigma=5.0), torch.rand(200, 4)
    location, density = policy.draw(memory, seeded())
    assert location.abs().max() == 1
    assert not location.requires_grad
    again = policy.draw(memory, seeded())
    assert torch.equal(again[0], location)
    assert torch.equal(again[1], density)


def test_policy_and_baseline_teach_the_memory_nothing():
    memory = torch.rand(2, 4, requires_grad=True)
    (LocationPolicy(4).draw(memory)[1].sum() + BaselineNetwork(4)(memory).sum()).backward()
    assert memory.grad is None


def test_answers_are_log_probabilities():
    answer = fill(ActionNetwork(4, 3))(torch.rand(5, 4))
    torch.testing.assert_close(answer.exp().sum(1), torch.ones(5))


def test_memory_keeps_what_was_seen():
    core = fill(GlimpseCore(3, 4))
    glimpse = torch.rand(1, 3)
    assert not torch.allclose(core(glimpse, torch.zeros(1, 4)), core(glimpse, torch.ones(1, 4)))


@pytest.mark.parametrize("glimpses", [1, 4])
def test_episode_looks_so_many_times(glimpses):
    model = fill(RecurrentAttention(3, 5, glimpses, size=4, patches=2, width=12))
    episode = model(torch.rand(2, 3, 9, 12), seeded())
    assert episode.answer.shape == (2, 5)
    assert episode.locations.shape == (2, glimpses, 2)
    assert episode.log_density.shape == episode.baselines.shape == (2, glimpses - 1)
    again = model(torch.rand(2, 3, 9, 12), seeded())
    assert torch.equal(again.locations[:, 0], episode.locations[:, 0])


def test_both_losses_together_reach_every_parameter():
    model = fill(RecurrentAttention(1, 3, glimpses=3, size=4, width=12)).double()
    episode = model(torch.rand(4, 1, 8, 8, dtype=torch.float64), seeded())
    target = torch.tensor([0, 1, 2, 0])
    reward = (episode.answer.argmax(1) == target).double()
    (F.nll_loss(episode.answer, target) + reinforce_loss(episode, reward)).backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.abs().sum() > 0] == []


def test_reward_as_expected_moves_no_gaze():
    density = torch.zeros(3, 2, requires_grad=True)
    baselines = torch.tensor([[1.0, 0.5]]).repeat(3, 1).requires_grad_()
    loss = reinforce_loss(Episode(torch.zeros(3, 2), torch.zeros(3, 3, 2), density, baselines), torch.ones(3))
    loss.backward()
    torch.testing.assert_close(density.grad, torch.tensor([[0.0, -0.5 / 3]]).repeat(3, 1))
    torch.testing.assert_close(baselines.grad, torch.tensor([[0.0, 2 * -0.5 / 6]]).repeat(3, 1))


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (GlimpseCore, {"width": 0}, "width=0"),
        (GlimpseCore, {"glimpse_width": -1}, "glimpse_width=-1"),
        (ActionNetwork, {"classes": 0}, "classes=0"),
        (BaselineNetwork, {"width": 0}, "width=0"),
        (LocationPolicy, {"width": 1}, "hidden=0"),
        (LocationPolicy, {"sigma": 0.0}, "sigma=0.0"),
        (LocationPolicy, {"sigma": float("nan")}, "sigma=nan"),
        (RecurrentAttention, {"channels": 1, "glimpses": 0}, "glimpses=0"),
        (RecurrentAttention, {"channels": 0}, "channels=0"),
    ],
)
def test_wrong_numbers_are_refused(cls, options, message):
    with pytest.raises(ConfigError, match=message):
        cls(**options)
