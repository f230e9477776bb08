"""The average: its numbers, who sees it, and that a resumed run goes on as if nothing had happened."""

from __future__ import annotations

import pytest
import torch
from pytorch_lightning import Callback

from restore.callbacks import EMA, SaveOnInterrupt
from restore.errors import ConfigError
from tests.callbacks.training import data, task, trainer
from tests.data.pictures import make_pictures


class Watch(Callback):
    """Keeps the raw weights after every step and what validation ran with."""

    def __init__(self):
        self.raw, self.validated, self.batches = [], [], []

    def on_train_batch_end(self, trainer, pl_module, *_):
        self.raw.append(copy(pl_module))
        self.batches.append(list(pl_module.current_names))

    def on_validation_batch_start(self, trainer, pl_module, *_):
        self.validated.append(copy(pl_module))


def copy(module):
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"))[0].parent


@pytest.fixture(scope="module")
def run(tmp_path_factory, pictures):
    """Three epochs at a stretch."""
    folder, watch, trained = tmp_path_factory.mktemp("run"), Watch(), task()
    trainer(folder, EMA(0.8), watch, epochs=3).fit(trained, data(pictures))
    return folder, watch, trained


def by_hand(raw, decay):
    average = raw[0]
    for number, weights in enumerate(raw[1:], start=1):
        share = min(decay, (1 + number) / (10 + number))
        average = {name: share * average[name] + (1 - share) * weights[name] for name in weights}
    return average


def test_the_average_is_the_one_that_is_written_by_hand(run):
    _, watch, trained = run
    expected = by_hand(watch.raw, 0.8)
    assert len(watch.raw) == 12
    for name, value in trained.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=1e-7)
    assert not equal(watch.raw[-1], copy(trained))


def test_validation_runs_with_the_average(run):
    _, watch, _ = run
    for epoch, validated in enumerate(watch.validated[::3]):
        expected = by_hand(watch.raw[: 4 * (epoch + 1)], 0.8)
        for name, value in validated.items():
            torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=1e-7)


def test_the_checkpoint_holds_the_average_and_the_raw_weights_beside_it(run):
    folder, watch, trained = run
    content = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert equal(content["state_dict"], copy(trained))
    assert equal(content["current_model_state"], watch.raw[-1])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_in_two_parts_equals_one_run(tmp_path, run, pictures, workers):
    _, whole, expected = run
    trainer(tmp_path, EMA(0.8), epochs=2).fit(task(), data(pictures, workers))
    watch, resumed = Watch(), task()
    last = tmp_path / "checkpoints" / "last.ckpt"
    trainer(tmp_path, EMA(0.8), watch, epochs=3).fit(resumed, data(pictures, workers), ckpt_path=last)
    assert watch.batches == whole.batches[8:]
    assert all(equal(one, other) for one, other in zip(watch.raw, whole.raw[8:], strict=True))
    assert equal(copy(resumed), copy(expected))


class CtrlC(Callback):
    """Asks for an end after so many steps, or in the validation after them."""

    def __init__(self, listener, steps, validating):
        self.listener, self.steps, self.validating = listener, steps, validating

    def on_train_batch_start(self, trainer, *_):
        if not self.validating and trainer.global_step == self.steps - 1:
            self.listener.asked = True

    def on_validation_batch_start(self, trainer, *_):
        if self.validating and trainer.global_step == self.steps:
            self.listener.asked = True


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(("steps", "validating"), [(2, False), (6, False), (4, False), (4, True), (8, True)], ids=str)
def test_a_run_that_ctrl_c_cut_goes_on_exactly(tmp_path, run, pictures, steps, validating, workers, capsys):
    _, whole, expected = run
    last = tmp_path / "checkpoints" / "last.ckpt"
    listener = SaveOnInterrupt(last)
    ask = CtrlC(listener, steps, validating)
    with pytest.raises(SystemExit):
        trainer(tmp_path, EMA(0.8), ask, listener, epochs=3).fit(task(), data(pictures, workers))
    assert f"Ctrl-C at step {steps}; saved {last}" in capsys.readouterr().err
    watch, resumed = Watch(), task()
    trainer(tmp_path, EMA(0.8), watch, epochs=3).fit(resumed, data(pictures, workers), ckpt_path=last)
    assert watch.batches == whole.batches[steps:]
    assert all(equal(one, other) for one, other in zip(watch.raw, whole.raw[steps:], strict=True))
    assert equal(copy(resumed), copy(expected))
    assert [path.name for path in last.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(ConfigError, match="decay"):
        EMA(decay)
