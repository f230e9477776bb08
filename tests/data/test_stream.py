"""The stream that the trainer sees: exact for workers and ranks, gone on with at the very sample, never begun anew."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest
from pytorch_lightning import Callback

import restore.data.loaders
from restore.data import Pictures
from tests.callbacks.training import data, task, trainer
from tests.data.pictures import make_pictures


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"), count=4)[0].parent


def steps(pictures, workers, world, epoch=0):
    """What each step of all ranks together sees: (number, name, pixels) sorted by number."""
    ranks = []
    for rank in range(world):
        part = Pictures(
            root=str(pictures), patch_size=8, batch_size=4 // world, patches_per_epoch=12, workers=workers, seed=3
        )
        part.setup("fit")
        part.trainer = SimpleNamespace(
            global_rank=rank, world_size=world, current_epoch=epoch, limit_train_batches=1.0,
            strategy=SimpleNamespace(root_device=SimpleNamespace(type="cpu")),
            fit_loop=SimpleNamespace(
                epoch_loop=SimpleNamespace(batch_progress=SimpleNamespace(current=SimpleNamespace(ready=0))),
                epoch_progress=SimpleNamespace(current=SimpleNamespace(ready=epoch + 1)),
            ),
        )  # fmt: skip
        ranks.append(
            [
                zip(batch["index"].tolist(), batch["name"], map(bytes, batch["target"].numpy()), strict=True)
                for batch in part.train_dataloader()
            ]
        )
    return [sorted(patch for batch in step for patch in batch) for step in zip(*ranks, strict=True)]


def test_every_number_of_workers_and_ranks_sees_the_same_steps(pictures):
    alone = steps(pictures, workers=0, world=1)
    assert [len(step) for step in alone] == [4, 4, 4]
    assert len({patch[2] for step in alone for patch in step}) == 12
    for workers in (0, 1, 2):
        for world in (1, 2):
            assert steps(pictures, workers, world) == alone, f"{workers} workers, {world} ranks"
    assert steps(pictures, workers=1, world=2, epoch=1) == steps(pictures, workers=0, world=1, epoch=1) != alone


class Seen(Callback):
    """Numbers and pixels of every batch; stops where it is told to."""

    def __init__(self, stop=None):
        self.batches, self.stop = [], stop

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.batches.append((batch["index"].tolist(), batch["target"].numpy().tobytes()))

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.stop:
            trainer.save_checkpoint(trainer.default_root_dir + "/middle.ckpt")
            trainer.should_stop = True


@pytest.mark.parametrize("stop", [2, 5])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_is_resumed_in_mid_epoch_goes_on_at_the_very_sample(tmp_path, pictures, workers, stop):
    whole, before, after = Seen(), Seen(stop), Seen()
    trainer(tmp_path / "whole", whole).fit(task(), data(pictures, workers))
    trainer(tmp_path, before, min_epochs=0).fit(task(), data(pictures, workers))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer(tmp_path, after).fit(task(), data(pictures, workers), ckpt_path=str(tmp_path / "middle.ckpt"))
    assert before.batches[:stop] + after.batches == whole.batches
    assert len(whole.batches) == 8
    assert not [warning for warning in said if "not resumable" in str(warning.message)]


def test_loading_processes_start_once_for_all_epochs(tmp_path, pictures, monkeypatch):
    started = tmp_path / "started"

    def note(worker):
        with started.open("a") as file:
            file.write(f"{worker}\n")

    monkeypatch.setattr(restore.data.loaders, "_ignore_interrupt", note)
    seen = Seen()
    trainer(tmp_path, seen, epochs=3, limit_val_batches=0).fit(task(), data(pictures, workers=2))
    assert sorted(started.read_text().split()) == ["0", "1"]
    assert len(seen.batches) == 12


def test_an_epoch_is_as_long_as_it_is_told_however_few_pictures_there_are(tmp_path):
    """A pass over one picture is no pause: the stream does not know where a pass ends."""
    one = make_pictures(tmp_path, count=1)[0].parent
    part = Pictures(root=str(one), patch_size=8, batch_size=4, patches_per_epoch=40, workers=0)
    part.setup("fit")
    assert sum(len(batch["index"]) for batch in part.train_dataloader()) == 40
