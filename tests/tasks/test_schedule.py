"""Warm-up, stable, decay; and what a resumed run keeps of its recipe."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import ConfigError
from restore.networks import DnCNN
from restore.tasks import Denoising, WarmupStableDecay


def optimizer(lr=1.0):
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)


def rates(schedule, steps):
    found = []
    for _ in range(steps):
        found.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.optimizer.step()
        schedule.step()
    return found


def test_the_rate_rises_stays_and_falls_to_nought():
    schedule = WarmupStableDecay(optimizer(2.0), steps=12, warmup=3, decay=4)
    expected = [0.5, 1.0, 1.5, 2, 2, 2, 2, 2, 2, 1.5, 1.0, 0.5, 0.0]
    assert rates(schedule, 13) == pytest.approx(expected)


def test_without_decay_the_rate_stays_to_the_end():
    assert rates(WarmupStableDecay(optimizer(), steps=6, warmup=0), 6) == [1.0] * 6


def test_more_warm_up_and_decay_than_steps_is_refused():
    with pytest.raises(ConfigError, match=r"3.*and decay \(4\).* 6 steps"):
        WarmupStableDecay(optimizer(), steps=6, warmup=3, decay=4)


def test_a_resumed_run_follows_the_edited_recipe_from_its_first_step():
    first = WarmupStableDecay(optimizer(), steps=20, warmup=0, decay=10)
    rates(first, 15)
    saved, momenta = first.state_dict(), first.optimizer.state_dict()
    edited = WarmupStableDecay(optimizer(lr=4.0), steps=40, warmup=0, decay=10)
    edited.optimizer.load_state_dict(momenta)
    edited.load_state_dict(saved)
    assert edited.last_epoch == 15
    assert rates(edited, 25) == pytest.approx([4.0] * 16 + [3.6, 3.2, 2.8, 2.4, 2.0, 1.6, 1.2, 0.8, 0.4])


def run_twice(first, second):
    """Optimiser and schedule of a recipe, loaded with the state of another's after a step."""
    states = []
    for task in (first, second):
        built = task.configure_optimizers()
        built = built if isinstance(built, dict) else {"optimizer": built}
        scheduler = built.get("lr_scheduler", {}).get("scheduler")
        if states:
            built["optimizer"].load_state_dict(states[0])
            if scheduler:
                scheduler.load_state_dict(states[1])
            return built["optimizer"]
        sum(parameter.sum() for parameter in task.network.parameters()).backward()
        built["optimizer"].step()
        if scheduler:
            scheduler.step()
        states = [built["optimizer"].state_dict(), scheduler and scheduler.state_dict()]
    raise AssertionError


def task_with(lr, weight_decay, scheduler=None):
    def build(parameters):
        return torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay)

    return Denoising(DnCNN(width=8, depth=3), optimizer=build, scheduler=scheduler)


def test_a_resumed_run_keeps_the_recipes_options_and_the_checkpoints_momenta():
    loaded = run_twice(task_with(0.1, 0.1), task_with(0.2, 0.3))
    assert (loaded.param_groups[0]["lr"], loaded.param_groups[0]["weight_decay"]) == (0.2, 0.3)
    assert all(state["exp_avg"].abs().max() > 0 for state in loaded.state.values())


def test_a_schedule_of_torch_goes_on_from_the_checkpoints_rate():
    def halve(made):
        return torch.optim.lr_scheduler.StepLR(made, step_size=1, gamma=0.5)

    loaded = run_twice(task_with(0.1, 0.1, halve), task_with(0.1, 0.3, halve))
    assert (loaded.param_groups[0]["lr"], loaded.param_groups[0]["weight_decay"]) == (0.05, 0.3)
