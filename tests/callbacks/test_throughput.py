"""Does the data keep up? What a run says about it."""

from __future__ import annotations

import csv
import re
from types import SimpleNamespace

import pytest
from pytorch_lightning.loggers import CSVLogger
from torch.utils.data import DataLoader

import restore.callbacks.throughput
import restore.data.loaders
import restore.data.module
from restore.callbacks import Throughput
from restore.data import Patches
from tests.callbacks.training import data, task, trainer
from tests.data.pictures import make_pictures
from tests.runs import call, words


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"))[0].parent


@pytest.fixture
def clock(monkeypatch):
    """Time passes only where a test says so."""
    now = SimpleNamespace(seconds=100.0)
    watch = SimpleNamespace(perf_counter=lambda: now.seconds)
    for module in (restore.callbacks.throughput, restore.data.loaders, restore.data.module):
        monkeypatch.setattr(module, "time", watch)
    return now


@pytest.fixture
def slow(clock, monkeypatch):
    """Make a method take time."""

    def slow(owner, name, seconds):
        method = getattr(owner, name)

        def slower(*words):
            clock.seconds += seconds
            return method(*words)

        monkeypatch.setattr(owner, name, slower)

    return slow


def test_where_the_time_goes_is_counted_and_said(tmp_path, pictures, slow, capsys):
    training, callback = task(), Throughput(profile=True)
    slow(Patches, "_view", 0.05)  # 0.2 s a batch
    slow(training, "on_after_batch_transfer", 0.1)
    slow(training, "training_step", 0.7)
    slow(training, "validation_step", 50)
    fitted = trainer(tmp_path, callback, logger=CSVLogger(tmp_path, "", "csv"), val_check_interval=2)
    fitted.fit(training, data(pictures))
    assert callback.images == 32
    assert callback.spent["training"] == pytest.approx(8 * 0.7)
    assert callback.spent["moving"] == pytest.approx(7 * 0.1)  # the first batch is the start of the run
    assert callback.spent["waiting"] == pytest.approx(7 * 0.2)
    said = capsys.readouterr().err
    assert "4.2 images a second; 18% of the time went into waiting for pictures." in said
    for line in ("waiting for the next batch", "to the device, degradation", "forward, backward, optimizer"):
        assert line in said
    parts = [float(part) for part in re.findall(r"(\d+\.\d)%", said)]
    assert parts == pytest.approx([100 * part / 7.7 for part in (1.4, 0.7, 5.6)], abs=0.06)
    assert "One core makes 20 patches a second" in said
    assert "To wait less:\n  set data.init_args.workers to 1 (now 0; " in said
    rows = list(csv.DictReader((tmp_path / "csv" / "metrics.csv").open()))
    shares = [float(row["train/waiting"]) for row in rows if row["train/waiting"]]
    assert shares == pytest.approx([0, *[0.2] * 7], abs=1e-6)


def test_what_an_epoch_waits_for_before_its_first_batch_is_counted(tmp_path, pictures, slow, capsys):
    """But for the first, where the loading processes are started."""
    training, callback = task(), Throughput()
    slow(DataLoader, "__iter__", 0.5)  # persistent processes are told of a new epoch here, and waited for
    slow(training, "training_step", 0.7)
    trainer(tmp_path, callback, epochs=3, limit_val_batches=0).fit(training, data(pictures))
    assert callback.spent["waiting"] == pytest.approx(2 * 0.5)
    assert callback.spent["training"] == pytest.approx(12 * 0.7)
    assert callback.spent["moving"] == pytest.approx(0)
    assert "5.1 images a second; 11% of the time went into waiting for pictures." in capsys.readouterr().err


def test_a_run_that_hardly_waits_gets_no_advice(tmp_path, pictures, slow, capsys):
    training = task()
    slow(Patches, "_view", 0.01)
    slow(training, "training_step", 1)
    trainer(tmp_path, Throughput(), limit_val_batches=0).fit(training, data(pictures))
    said = capsys.readouterr().err
    assert "3.9 images a second; 3% of the time went into waiting for pictures." in said
    assert "To wait less" not in said
    assert "One core" not in said


def test_the_flag_of_fit_asks_for_the_table(tmp_path, pictures, capsys):
    runs = ["--runs", str(tmp_path)]
    assert call(words("fit", pictures, *runs)) == 0
    assert "forward, backward, optimizer" not in capsys.readouterr().err
    assert call(words("fit", pictures, *runs, "--profile_data")) == 0
    said = capsys.readouterr().err
    assert "forward, backward, optimizer" in said
    assert "patches a second" in said
