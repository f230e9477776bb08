"""The stream of training patches: a function of the patch's number, and of nothing else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from restore.data import Patches, PatchSampler, PictureCache
from restore.data.augment import FlipsAndTurns, NoAugmentation
from restore.data.patches import Chances, EvaluationSampler, collate
from restore.degradation import Bicubic, Chain, Degradation, GaussianBlur
from restore.errors import DataError
from restore.images import read_pixels, to_tensor
from tests.data.pictures import make_pictures


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"), count=4)


def patches(paths, **options):
    options = {"size": 8, "augment": FlipsAndTurns()} | options
    return Patches(PictureCache(paths), **options)


def stream(dataset, sampler, workers=0, batch_size=3):
    return torch.cat(
        [
            batch["target"]
            for batch in DataLoader(dataset, batch_size, False, sampler, num_workers=workers, collate_fn=collate)
        ]
    )


def test_the_stream_is_the_same_for_any_number_of_workers(paths):
    alone = stream(patches(paths), PatchSampler(12))
    assert torch.equal(alone, stream(patches(paths), PatchSampler(12), workers=1))
    assert torch.equal(alone, stream(patches(paths), PatchSampler(12), workers=3))


def test_two_ranks_share_the_stream_of_one(paths):
    alone = stream(patches(paths), PatchSampler(12))
    first, second = (stream(patches(paths), PatchSampler(12, rank, 2)) for rank in range(2))
    assert torch.equal(alone, torch.stack([first, second], dim=1).flatten(0, 1))


def test_a_step_of_two_ranks_sees_the_patches_of_one_step_of_twice_the_batch():
    assert sorted([*list(PatchSampler(12, 0, 2))[:3], *list(PatchSampler(12, 1, 2))[:3]]) == list(PatchSampler(12))[:6]


def test_epochs_differ_and_come_again_alike(paths):
    sampler = PatchSampler(12)
    first = stream(patches(paths), sampler)
    sampler.set_epoch(1)
    second = stream(patches(paths), sampler)
    assert not set(map(bytes, first.numpy())) & set(map(bytes, second.numpy()))
    assert list(sampler) == list(range(12, 24))
    sampler.set_epoch(0)
    assert torch.equal(first, stream(patches(paths), sampler))


def test_seeds_differ(paths):
    assert not torch.equal(stream(patches(paths), PatchSampler(6)), stream(patches(paths, seed=1), PatchSampler(6)))


def test_a_resumed_epoch_leaves_out_what_was_seen_and_only_once():
    sampler = PatchSampler(12, rank=1, world=2)
    sampler.skip_once(4)
    assert list(sampler) == [5, 7, 9, 11]
    assert list(sampler) == [1, 3, 5, 7, 9, 11]


def test_every_picture_and_place_is_drawn(paths):
    dataset = patches(paths, augment=NoAugmentation())
    names = {dataset[index]["name"] for index in range(60)}
    assert names == {path.name for path in paths}


def test_every_rank_evaluates_other_pictures_and_together_all():
    numbers = [list(EvaluationSampler(7, rank, 3)) for rank in range(3)]
    assert numbers == [[0, 3, 6], [1, 4], [2, 5]]
    with pytest.raises(DataError, match=r"set of 1 pictures .* 2 processes"):
        EvaluationSampler(1, 0, 2)


def degraded_patch(dataset: Patches, index: int, degradation: Degradation):
    clean = dataset[index]["target"][None].float() / 255
    small = degradation(clean, torch.Generator())
    margin = degradation.margin
    return small[..., margin : small.shape[-2] - margin, margin : small.shape[-1] - margin]


@pytest.mark.parametrize("preset", ["matlab", "matlab-classic", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_small_patch_is_that_of_the_whole_picture_everywhere(tmp_path, scale, preset):
    """Interior, edges and corners: a picture that is hardly larger than the patch puts every patch near a border."""
    path = make_pictures(tmp_path, count=1, size=(11 * scale + 1, 10 * scale + scale - 1))[0]
    degradation = Bicubic(scale, preset)
    dataset = patches(
        [path], augment=NoAugmentation(), scale=scale, margin=degradation.margin, border=degradation.border
    )
    whole = to_tensor(read_pixels(path, 3))[None]
    whole = whole[..., : whole.shape[-2] // scale * scale, : whole.shape[-1] // scale * scale]
    small = degradation(whole, torch.Generator())  # (1, 3, 11, 10)
    places = {(top, left): small[..., top : top + 8, left : left + 8] for top in range(4) for left in range(3)}
    seen = set()
    for index in range(80):
        patch = degraded_patch(dataset, index, degradation)
        errors = {place: float((patch - part).abs().max()) for place, part in places.items()}
        best = min(errors, key=errors.__getitem__)
        assert errors[best] <= (1e-6 if preset == "bicubic" else 0)
        seen.add(best)
    assert seen == set(places), "some corner or edge was never drawn"


def test_a_chains_margin_is_enough(tmp_path):
    """The blur of the clean picture reaches further than the bicubic kernel."""
    path = make_pictures(tmp_path, count=1, size=(32, 30))[0]
    degradation = Chain([GaussianBlur(1.2), Bicubic(2, "bicubic")])
    dataset = patches([path], augment=NoAugmentation(), scale=2, margin=degradation.margin, border=degradation.border)
    small = degradation(to_tensor(read_pixels(path, 3))[None], torch.Generator())  # (1, 3, 16, 15)
    windows = small.unfold(2, 8, 1).unfold(3, 8, 1).permute(0, 2, 3, 1, 4, 5).flatten(0, 2)  # (places, 3, 8, 8)
    for index in range(40):
        patch = degraded_patch(dataset, index, degradation)
        assert float((windows - patch).abs().amax(dim=(1, 2, 3)).min()) < 1e-6


def test_the_target_covers_the_small_patch_and_its_margin(paths):
    item = patches(paths, scale=3, margin=2)[0]
    assert item["target"].shape == (3, 36, 36)
    assert item["target"].dtype == torch.uint8


def test_flips_and_turns_are_the_eight_of_the_square_and_seeded():
    patch = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    turn = FlipsAndTurns()
    group = {np.rot90(side, k).tobytes() for side in (patch, patch[:, ::-1]) for k in range(4)}
    drawn = [turn(patch, seed).tobytes() for seed in range(400)]
    assert set(drawn) == group
    assert min(drawn.count(member) for member in group) > 25  # 50 are expected
    again = FlipsAndTurns()
    assert [again(patch, seed).tobytes() for seed in range(399, 300, -1)] == drawn[:300:-1]


def test_a_small_picture_among_large_ones_is_passed_over(tmp_path):
    small = make_pictures(tmp_path / "small", count=1, size=(6, 60))
    large = make_pictures(tmp_path / "large", count=1)
    dataset = patches(small + large, augment=NoAugmentation())
    assert {dataset[index]["target"].shape for index in range(20)} == {(3, 8, 8)}


def test_a_patch_larger_than_every_picture_is_said(tmp_path):
    dataset = patches(make_pictures(tmp_path, count=2), size=64)
    with pytest.raises(DataError, match=r"64x64 .*picture\d.png.*patch_size"):
        dataset[0]


@pytest.mark.parametrize("augment", [FlipsAndTurns(), NoAugmentation()])
def test_a_batch_holds_the_patches_of_its_numbers(paths, augment):
    dataset = patches(paths, augment=augment, margin=2)
    numbers = [5, 900, 6, 255, 256, 0]  # numbers are drawn for many patches at once: none may depend on its neighbours
    batch = dataset.__getitems__(numbers)
    alone = collate([dataset[number] for number in numbers])
    assert torch.equal(batch["target"], alone["target"])
    assert batch["name"] == alone["name"]
    assert torch.equal(batch["index"], alone["index"])
    assert collate(batch) is batch


def test_places_are_drawn_evenly():
    chances = Chances(0)
    drawn = np.array([list(itertools.islice(chances(number), 6)) for number in range(4000)])
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert np.abs(drawn.mean(axis=0) - 0.5).max() < 5 / np.sqrt(12 * len(drawn))
    assert np.abs(np.corrcoef(drawn.T) - np.eye(6)).max() < 5 / np.sqrt(len(drawn))
    assert len(np.unique(drawn)) == drawn.size
