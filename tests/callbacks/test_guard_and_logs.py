"""The loss guard, and what a run says about itself."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

from restore.callbacks import BestWeights, ImageWriter, LossGuard, RunSummary, SampleImages, Throughput
from restore.callbacks.run_summary import picture_multiply_adds
from restore.callbacks.sample_images import panel
from restore.errors import ConfigError, RestoreError
from restore.images import read_pixels
from restore.networks import DnCNN
from tests.callbacks.training import data, task, trainer
from tests.data.pictures import make_pictures


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"))[0].parent


class Broken(torch.nn.Module):
    """L1 that goes wrong at its third call."""

    def __init__(self, factor):
        super().__init__()
        self.factor, self.calls = factor, 0

    def forward(self, restored, target):
        self.calls += 1
        loss = (restored - target).abs().mean()
        return loss * self.factor if self.calls == 4 else loss


class Weights(Callback):
    """Keeps the weights after every step."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, pl_module, *_):
        self.seen.append(torch.cat([p.detach().flatten().clone() for p in pl_module.parameters()]))


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e6])
def test_a_broken_loss_stops_the_run_before_the_weights_change(tmp_path, pictures, factor):
    trained, weights = task(loss=Broken(factor)), Weights()
    with pytest.raises(RestoreError, match=r"loss is .* at step 3 .*picture\d\.png") as error:
        trainer(tmp_path, LossGuard(factor=100, patience=2), weights).fit(trained, data(pictures))
    assert len(weights.seen) == 3
    final = torch.cat([p.detach().flatten() for p in trained.parameters()])
    assert torch.equal(final, weights.seen[-1])
    assert str(error.value).count("picture") == 4  # the whole batch
    assert "\n" not in str(error.value)


def test_an_ordinary_loss_passes_and_a_young_mean_is_not_trusted(tmp_path, pictures):
    guard = LossGuard(factor=100, patience=50)
    trainer(tmp_path, guard).fit(task(loss=Broken(1e6)), data(pictures))
    assert guard.steps == 8  # it went through to the end, over the broken step
    assert guard.mean > 100


class Falling(torch.nn.Module):
    """Minus the PSNR: below 0 from the start."""

    def forward(self, restored, target):
        return 10 * torch.log10((restored - target).square().mean())


def test_a_loss_below_nought_is_no_explosion(tmp_path, pictures):
    guard = LossGuard(patience=2)
    trainer(tmp_path, guard).fit(task(loss=Falling()), data(pictures))
    assert guard.steps == 8
    assert guard.mean < 0
    again = LossGuard(patience=2)
    again.load_state_dict({"steps": 8, "mean": guard.mean})  # a checkpoint of before
    assert again.lowest < 0


def test_the_guards_mean_goes_through_checkpoints(tmp_path, pictures):
    guard = LossGuard()
    trainer(tmp_path, guard).fit(task(), data(pictures))
    again = LossGuard()
    again.load_state_dict(guard.state_dict())
    assert (again.steps, again.mean) == (8, guard.mean)
    assert 0 < guard.mean < 1


@pytest.fixture(scope="module")
def run(tmp_path_factory, pictures):
    """Two epochs with everything that writes."""
    folder = tmp_path_factory.mktemp("run")
    best = ModelCheckpoint(folder / "checkpoints", "best", "val/psnr", mode="max", enable_version_counter=False)
    callbacks = [SampleImages(crop=24), Throughput(), best, BestWeights(), RunSummary()]
    logger, trained = CSVLogger(folder, "", "csv"), task()
    fitted = trainer(folder, *callbacks, logger=logger)
    fitted.fit(trained, data(pictures))
    return folder, fitted, trained


def test_samples_are_the_same_crops_every_time(run, pictures):
    files = sorted((run[0] / "pictures" / "small").rglob("*.png"))
    assert [file.parent.name + "/" + file.name for file in files] == [
        f"picture{number}/step_000000{step}.png" for number in (0, 1) for step in (4, 8)
    ]
    panels = [read_pixels(file, 3) for file in files]
    assert {shown.shape for shown in panels} == {(24, 72, 3)}
    for early, late in (panels[:2], panels[2:]):
        assert np.array_equal(early[:, :24], late[:, :24])  # the same noise
        assert np.array_equal(early[:, 48:], late[:, 48:])
        assert not np.array_equal(early[:, 24:48], late[:, 24:48])  # restored by other weights
    whole = read_pixels(pictures / "picture0.png", 3)
    assert np.array_equal(panels[0][:, 48:], whole[8:32, 16:40])


def test_a_small_picture_is_enlarged_to_its_target():
    degraded, target = torch.rand(3, 6, 8), torch.rand(3, 12, 16)
    shown = panel(degraded, target, target, crop=100)
    assert shown.shape == (3, 12, 48)
    assert torch.equal(shown[:, ::2, :16:2], degraded)


def test_a_panel_of_packed_raw_planes_shows_red_green_and_blue():
    planes = torch.rand(4, 6, 6)
    torch.testing.assert_close(panel(planes, planes, planes, crop=6), planes[[0, 2, 3]].repeat(1, 1, 3))


@pytest.mark.parametrize("options", [{"crop": 0}, {"pictures": 0}, {"every_n_epochs": -1}])
def test_sample_images_refuses_numbers_below_one(options):
    with pytest.raises(ConfigError, match="SampleImages"):
        SampleImages(**options)


def test_metrics_are_logged_under_their_names(run):
    rows = list(csv.DictReader((run[0] / "csv" / "metrics.csv").open()))
    steps = [row for row in rows if row["train/loss"]]
    assert len(steps) == 8
    for name in ("train/psnr", "train/images_per_second"):
        assert all(float(row[name]) > 0 for row in steps)
    validated = [row for row in rows if row["val/psnr"]]
    assert [row["val/small/psnr"] for row in validated] == [row["val/psnr"] for row in validated]
    assert all(0 < float(row["val/small/ssim"]) < 1 for row in validated)


def test_a_python_built_task_that_cannot_be_exported_does_not_fail_at_the_end(run, capsys):
    assert run[1].state.finished
    assert not (run[0] / "best.safetensors").exists()


def test_multiply_adds_are_those_of_the_convolutions():
    network = DnCNN(width=8, depth=3)
    assert picture_multiply_adds(network, side=16) == 16 * 16 * 9 * (3 * 8 + 8 * 8 + 8 * 3)


def test_predictions_are_written_under_their_names(tmp_path, pictures, run):
    wanted = data(pictures)
    wanted.predict = str(pictures)
    trainer(tmp_path, ImageWriter()).predict(run[2], wanted, return_predictions=False)
    files = sorted((tmp_path / "predictions").iterdir())
    assert [file.name for file in files] == [f"picture{number}.png.png" for number in range(3)]
    clean = read_pixels(pictures / "picture1.png", 3)
    expected = run[2].eval()(torch.from_numpy(clean.transpose(2, 0, 1).copy())[None].float() / 255)
    found = torch.from_numpy(read_pixels(files[1], 3).transpose(2, 0, 1).copy())
    assert (expected[0].detach().clamp(0, 1) * 255 - found.float()).abs().max() <= 0.51


def test_a_run_that_ends_within_an_epoch_says_what_was_not_validated(tmp_path, pictures, capsys):
    trainer(tmp_path, RunSummary(), max_steps=6).fit(task(), data(pictures))
    assert "Stopped at step 6, last validated at step 4;" in capsys.readouterr().err
    fitted = trainer(tmp_path, RunSummary(), epochs=3, max_steps=7)
    fitted.fit(task(), data(pictures), ckpt_path=tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert "Stopped at step 7, last validated at step 4;" in capsys.readouterr().err
    trainer(tmp_path, RunSummary(), max_steps=7, limit_val_batches=0).fit(task(), data(pictures))
    assert "Stopped at step 7." in capsys.readouterr().err
