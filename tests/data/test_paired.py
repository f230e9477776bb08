"""Training on pairs: both halves of a patch are of one place and one turn."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from restore.data import PairedPatches, PictureCache, Pictures, find_pairs
from restore.data.augment import FlipsAndTurns, NoAugmentation
from restore.data.paired import training_pairs
from restore.errors import ConfigError, DataError
from restore.images import Metadata, Picture, read_pixels, write_picture
from tests.data.pictures import make_pictures
from tests.runs import call, only_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three pairs; the noisy picture is the clean one, upside down in value."""
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "noisy").mkdir()
    for path in make_pictures(folder / "clean"):
        pixels = 255 - read_pixels(path, 3)
        write_picture(folder / "noisy" / path.name, Picture(pixels=pixels, alpha=None, metadata=Metadata()))
    return folder


def enlarged(folder, target, scale):
    """The same pairs with a target whose pixels are repeated."""
    shutil.copytree(folder / "noisy", target / "noisy")
    (target / "clean").mkdir()
    for path in (folder / "clean").iterdir():
        pixels = read_pixels(path, 3).repeat(scale, axis=0).repeat(scale, axis=1)
        write_picture(target / "clean" / path.name, Picture(pixels=pixels, alpha=None, metadata=Metadata()))
    return target


@pytest.mark.parametrize("augment", [FlipsAndTurns(), NoAugmentation()], ids=["turned", "as it is"])
@pytest.mark.parametrize("scale", [1, 2])
def test_both_halves_show_the_same(folder, tmp_path, augment, scale):
    pairs = find_pairs(folder if scale == 1 else enlarged(folder, tmp_path, scale))
    patches = PairedPatches(pairs, 8, augment, scale=scale)
    seen = set()
    for index in range(40):
        item = patches[index]
        assert item["degraded"].shape == (3, 8, 8)
        assert item["target"].shape == (3, 8 * scale, 8 * scale)
        small = item["target"][:, ::scale, ::scale]
        assert torch.equal(item["degraded"], 255 - small)
        seen.add((item["name"], bytes(item["degraded"].numpy())))
    assert len(seen) == 40
    assert {name for name, _ in seen} == {one.name for one, _ in pairs}


def test_a_patch_is_a_function_of_seed_and_number(folder):
    pairs = find_pairs(folder)
    first = PairedPatches(pairs, 8, FlipsAndTurns(), seed=3)
    later = PairedPatches(
        pairs, 8, FlipsAndTurns(), seed=3, open_pictures=lambda paths: PictureCache(paths, gigabytes=0)
    )
    other = PairedPatches(pairs, 8, FlipsAndTurns(), seed=4)
    for index in (5, 2, 9):
        assert torch.equal(first[index]["degraded"], later[index]["degraded"])
    assert any(not torch.equal(first[i]["degraded"], other[i]["degraded"]) for i in range(3))


def test_pairs_that_do_not_belong_together_are_named(folder, tmp_path):
    pairs = find_pairs(folder)
    with pytest.raises(DataError, match="at scale 2 that is no pair"):
        PairedPatches(pairs, 8, NoAugmentation(), scale=2)[0]
    with pytest.raises(DataError, match="patch of 99x99 pixels"):
        PairedPatches(pairs, 99, NoAugmentation())[0]


def test_a_run_has_pairs_or_clean_pictures_but_not_both(folder):
    assert training_pairs(None) == []
    assert training_pairs([str(folder / "clean")]) == []
    assert training_pairs([str(folder)] * 2) == find_pairs(folder) * 2
    with pytest.raises(DataError, match=r"holds pairs and .*clean does not"):
        training_pairs([str(folder), str(folder / "clean")])
    with pytest.raises(DataError, match="There is no folder"):
        Pictures(root=[str(folder), str(folder / "none")]).check("fit")
    with pytest.raises(ConfigError, match="halve_above"):
        Pictures(root=str(folder), halve_above=20).check("fit")


def test_the_loader_brings_both_halves(folder):
    data = Pictures(root=str(folder), patch_size=8, batch_size=2, patches_per_epoch=4, workers=0)
    data.check("fit")
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch["degraded"].dtype == torch.uint8
    assert np.array_equal(batch["degraded"], 255 - batch["target"])


def test_fit_trains_on_what_the_pairs_bring(folder, tmp_path):
    """The target is the negative of the input, which no noise would teach; the mean colour is learned soon."""
    network = ["--model.network.width", "4", "--model.network.encoder_blocks", "[1]"]
    network += ["--model.network.middle_blocks", "1", "--model.network.decoder_blocks", "[1]"]
    argv = ["fit", "--config", "nafnet_sidd", *network, "--runs", str(tmp_path / "runs"), "--logger", "csv"]
    argv += ["--data.root", str(folder), "--data.validation", f"{{pairs: {folder}}}", "--data.workers", "0"]
    argv += ["--data.patch_size", "16", "--data.batch_size", "4", "--data.patches_per_epoch", "120"]
    argv += ["--trainer.max_steps", "30", "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]
    argv += ["--trainer.log_every_n_steps", "1", "--model.optimizer.lr", "0.01"]
    assert call(argv) == 0
    rows = (only_run(tmp_path, "nafnet_sidd") / "csv" / "metrics.csv").read_text().splitlines()
    column = rows[0].split(",").index("train/loss")
    losses = [float(row.split(",")[column]) for row in rows[1:] if row.split(",")[column]]
    assert len(losses) == 30
    assert losses[-1] < losses[0] - 3  # dB
