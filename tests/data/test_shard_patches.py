"""Training on shards: every picture once a pass, by one process alone, and a resumed run goes on where it stood."""

from __future__ import annotations

import functools
import http.server
import threading
from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from restore.data import PatchSampler, Pictures, ShardPatches, read_index, write_shards
from restore.data.augment import FlipsAndTurns, NoAugmentation
from restore.data.lanes import DISTANCE, Lanes, Reading
from restore.data.patches import collate
from restore.data.shard_patches import PatchForm
from restore.data.shards import Shard, ShardIndex
from restore.degradation import Bicubic
from restore.errors import ConfigError, DataError
from restore.images import read_pixels
from restore.main import main
from tests.callbacks.training import data, task, trainer
from tests.data.pictures import make_pictures
from tests.data.test_stream import Seen


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"), count=13)


@pytest.fixture(scope="module")
def shards(tmp_path_factory, paths):
    """Seven shards of two pictures, the last of one."""
    folder = tmp_path_factory.mktemp("shards")
    index = write_shards([(path,) for path in paths], folder, megabytes=0.012)
    assert [shard.pictures for shard in index.shards] == [2] * 6 + [1]
    return folder


def patches(root, reading, patches_per_picture=3, **form):
    form = {"size": 8, "augment": FlipsAndTurns()} | form
    return ShardPatches(read_index(str(root)), PatchForm(**form), reading, patches_per_picture)


def stream(root, world, workers, epochs=(0,), per_epoch=96, batch_size=4, skip=0, **form):
    """(number, name, pixels) of the epochs, rank by rank, as loaders give them."""
    found = []
    for rank in range(world):
        dataset = patches(root, Reading(per_epoch, batch_size, world, workers), **form)
        sampler = PatchSampler(per_epoch, rank, world)
        loader = DataLoader(
            dataset, batch_size, False, sampler, num_workers=workers, collate_fn=collate, drop_last=True,
            persistent_workers=workers > 0,
        )  # fmt: skip
        for epoch in epochs:
            sampler.set_epoch(epoch)
            if epoch == epochs[0]:
                sampler.skip_once(skip * batch_size * world)
            for batch in loader:
                found += zip(batch["index"].tolist(), batch["name"], map(bytes, batch["target"].numpy()), strict=True)
    return found


def index_of(*counts):
    return ShardIndex("x", "clean", tuple(Shard(f"{number}", count, 1) for number, count in enumerate(counts)))


@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("per_epoch", [48, 60, 70])
def test_lanes_split_the_stream_without_gap_or_repetition(world, workers, per_epoch):
    """Over several epochs each lane's patches are 0, 1, 2 ..., and each of its pictures gives each of its patches."""
    k = 3
    lanes = Lanes(index_of(2, 3, 2, 1, 4, 2, 2), Reading(per_epoch, 4, world, workers), k, seed=0)
    slots: dict[int, list[int]] = {lane: [] for lane in range(lanes.count)}
    for rank in range(world):
        sampler = PatchSampler(per_epoch, rank, world)
        for epoch in range(6):
            sampler.set_epoch(epoch)
            numbers = list(sampler)
            for number in numbers[: len(numbers) // 4 * 4]:
                lane, slot = lanes.slot(number)
                slots[lane].append(slot)
    for found in slots.values():
        assert found == list(range(len(found)))
        met = Counter(lanes.picture(slot) for slot in found)
        assert set(met.values()) == {1}
        whole = range((k - 1) * DISTANCE, len(found) // k)
        assert all((picture, column) in met for picture in whole for column in range(k))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_pass_of_a_lane_meets_its_pictures_once_and_no_other_lanes(count):
    index = index_of(2, 3, 2, 1, 4, 2, 2)
    lanes = Lanes(index, Reading(48, 4, count, 0), 3, seed=0)
    everything = [(shard, place) for shard, one in enumerate(index.shards) for place in range(one.pictures)]
    orders = set()
    for round_ in range(4):
        met = []
        for lane in range(count):
            size = sum(one.pictures for one in index.shards[lane::count])
            order = [lanes.place(lane, round_ * size + picture) for picture in range(size)]
            assert [shard for shard, _ in order] == [
                shard for shard, _ in sorted(order, key=lambda at: [a for a, _ in order].index(at[0]))
            ]
            orders.add(tuple(order))
            met += order
        assert sorted(met) == everything
    assert len(orders) > count, "the order of the shards changes"


@pytest.mark.parametrize(("world", "workers"), [(1, 0), (1, 2), (2, 0), (2, 2)])
def test_loaders_read_every_picture_and_share_none(shards, paths, world, workers):
    found = stream(shards, world, workers)
    assert len({number for number, _, _ in found}) == len(found) == 96
    names = Counter(name for _, name, _ in found)
    assert len(names) == len(paths)
    assert sorted(name.split("-")[1] for name in names) == sorted(path.name for path in paths)
    lanes = patches(shards, Reading(96, 4, world, workers)).lanes
    owners: dict[str, set[int]] = {}
    for number, name, _ in found:
        owners.setdefault(name, set()).add(lanes.slot(number)[0])
    assert all(len(owner) == 1 for owner in owners.values())


def test_a_patch_is_cut_from_the_picture_it_is_named_after(shards, paths):
    pixels = {path.name: read_pixels(path, 3) for path in paths}
    for _, name, patch in stream(shards, 1, 0, augment=NoAugmentation())[:20]:
        windows = np.lib.stride_tricks.sliding_window_view(pixels[name.split("-")[1]], (8, 8), axis=(0, 1))
        wanted = np.frombuffer(patch, np.uint8).reshape(3, 8, 8)
        assert (windows == wanted).all(axis=(2, 3, 4)).any()


@pytest.mark.parametrize(("world", "workers"), [(1, 0), (1, 2), (2, 2)])
@pytest.mark.parametrize("skip", [1, 5])
def test_a_resumed_stream_goes_on_at_the_very_patch(shards, world, workers, skip):
    whole = sorted(stream(shards, world, workers, epochs=(0, 1, 2)))
    later = sorted(stream(shards, world, workers, epochs=(1, 2), skip=skip))
    assert later == whole[96 + skip * 4 * world :]
    assert len({patch for _, _, patch in whole}) > 0.95 * len(whole), "a picture's patches differ in every pass"


def test_patches_differ_by_seed(shards):
    assert stream(shards, 1, 0) != stream(shards, 1, 0, seed=1)
    assert stream(shards, 1, 0) == stream(shards, 1, 0)


def test_memory_holds_a_few_pictures_patches(shards):
    dataset = patches(shards, Reading(960, 4))
    for number in range(300):
        dataset[number]
        assert len(dataset._held) <= 2 * DISTANCE + 1


def test_the_margin_of_a_degradation_is_cut_with_the_patch(shards):
    margin = Bicubic(2).margin
    item = patches(shards, Reading(96, 4), scale=2, margin=margin)[0]
    assert item["target"].shape == (3, 2 * (8 + 2 * margin), 2 * (8 + 2 * margin))


def test_a_small_picture_is_continued_by_its_mirror_image(tmp_path):
    path = make_pictures(tmp_path, count=1, size=(5, 6))[0]
    write_shards([(path,)], tmp_path / "shards")
    item = patches(tmp_path / "shards", Reading(96, 4), augment=NoAugmentation())[0]
    pixels = read_pixels(path, 3)
    wanted = np.pad(pixels, [(0, 3), (0, 2), (0, 0)], mode="symmetric").transpose(2, 0, 1)
    assert np.array_equal(item["target"].numpy(), wanted)


def test_pairs_are_cut_and_turned_together(tmp_path):
    make_pictures(tmp_path / "pairs" / "clean", count=3)
    for path in (tmp_path / "pairs" / "clean").iterdir():
        (tmp_path / "pairs" / "noisy").mkdir(exist_ok=True)
        (tmp_path / "pairs" / "noisy" / path.name).write_bytes(path.read_bytes())
    assert main(["data", "pack", str(tmp_path / "pairs"), "--output", str(tmp_path / "shards")]) == 0
    part = Pictures(root=str(tmp_path / "shards"), patch_size=8, batch_size=4, patches_per_epoch=24, workers=0)
    part.check("fit")
    part.setup("fit")
    batches = list(part.train_dataloader())
    assert len(batches) == 6
    assert all(torch.equal(batch["degraded"], batch["target"]) for batch in batches)
    with pytest.raises(ConfigError, match="halve_above"):
        Pictures(root=str(tmp_path / "shards"), halve_above=100).check("fit")


def test_pairs_of_unequal_size_are_named(tmp_path):
    noisy = make_pictures(tmp_path / "noisy", count=1, size=(30, 30))
    clean = make_pictures(tmp_path / "clean", count=1, size=(32, 30))
    write_shards([(noisy[0], clean[0])], tmp_path / "shards")
    with pytest.raises(DataError, match=r"30x30.*30x32"):
        patches(tmp_path / "shards", Reading(96, 4))[0]


def test_too_few_shards_are_said(shards):
    with pytest.raises(DataError, match=r"holds 7 shards.* 8 loading processes"):
        patches(shards, Reading(96, 4, 2, 4))


def test_shards_among_other_roots_are_refused(shards, paths):
    with pytest.raises(ConfigError, match="among 2 roots"):
        Pictures(root=[str(shards), str(paths[0].parent)]).check("fit")


def test_a_broken_picture_in_a_shard_is_named(tmp_path, paths):
    broken = tmp_path / "broken.png"
    broken.write_bytes(paths[0].read_bytes()[:300])
    write_shards([(broken,)], tmp_path / "shards")
    with pytest.raises(DataError, match=r"shard-000000\.tar:00000000-broken\.png is damaged"):
        patches(tmp_path / "shards", Reading(96, 4))[0]


@pytest.fixture
def server(shards):
    """The same shards by HTTP."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(shards)))
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()


def test_a_url_gives_the_same_stream_as_the_folder(server, shards):
    assert stream(server, 1, 2, per_epoch=24) == stream(shards, 1, 2, per_epoch=24)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_on_shards_is_resumed_at_the_very_patch(tmp_path, shards, workers):
    def module():
        part = data(shards, workers)
        part.sets = {"validate": None, "test": None}
        return part

    whole, before, after = Seen(), Seen(5), Seen()
    quick = {"limit_val_batches": 0}
    trainer(tmp_path / "whole", whole, **quick).fit(task(), module())
    trainer(tmp_path, before, min_epochs=0, **quick).fit(task(), module())
    trainer(tmp_path, after, **quick).fit(task(), module(), ckpt_path=str(tmp_path / "middle.ckpt"))
    assert before.batches + after.batches == whole.batches
    assert len(whole.batches) == 8
