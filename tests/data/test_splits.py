"""Folds: each scene in one of them, for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from restore.data import Pictures, Split
from restore.errors import ConfigError, DataError
from tests.data.pictures import make_pictures

SCENES = [Path(f"scene{scene:03d}_shot{shot}.png") for scene in range(40) for shot in range(3)]


def test_every_picture_is_held_out_once():
    splits = [Split(folds=4, fold=fold) for fold in range(4)]
    held_out = [path for split in splits for path in split.held_out(SCENES)]
    assert sorted(held_out) == SCENES
    for split in splits:
        assert sorted(split.training(SCENES) + split.held_out(SCENES)) == SCENES


def test_no_scene_is_on_both_sides():
    split = Split(folds=3, scene=r"^(scene\d+)_")
    sides = [{path.stem.split("_")[0] for path in side(SCENES)} for side in (split.training, split.held_out)]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 40
    assert Split(folds=3, scene=r"scene\d+").held_out(SCENES) == split.held_out(SCENES)


def test_more_pictures_do_not_move_the_others():
    split = Split(folds=5)
    assert split.held_out(SCENES[::2]) == [path for path in split.held_out(SCENES) if path in SCENES[::2]]


def test_the_division_is_a_function_of_names_and_seed():
    """What this was on the day it was written: runs of different days are compared by it."""
    assert [Split(folds=5).fold_of(name) for name in ("a", "b", "baby", "0001")] == EXPECTED
    assert Split(seed=1).held_out(SCENES) != Split().held_out(SCENES)


EXPECTED = [4, 3, 2, 0]


def test_folds_are_about_as_large_as_each_other():
    names = [Path(f"{number}.png") for number in range(2000)]
    sizes = [len(Split(folds=5, fold=fold).held_out(names)) for fold in range(5)]
    assert all(330 < size < 470 for size in sizes)


def test_a_pair_goes_by_its_degraded_picture():
    pairs = [(path, Path("clean") / path.name) for path in SCENES]
    split = Split(scene=r"scene\d+")
    assert [pair[0] for pair in split.held_out(pairs)] == split.held_out(SCENES)


def test_mistakes_are_told():
    for options in ({"folds": 1}, {"folds": 3, "fold": 3}, {"scene": "("}):
        with pytest.raises(ConfigError):
            Split(**options)
    with pytest.raises(DataError, match=r"finds nothing in the name of scene000_shot0\.png"):
        Split(scene="frame").training(SCENES)
    empty = 1 - Split(folds=2).fold_of("scene")
    with pytest.raises(DataError, match="leaves no picture held out: there are 1 scenes"):
        Split(folds=2, fold=empty, scene="scene").held_out(SCENES)


def test_a_run_trains_on_the_rest_and_validates_the_fold(tmp_path):
    paths = make_pictures(tmp_path / "all", count=9)
    other = make_pictures(tmp_path / "other", count=2, seed=3)[0].parent
    split = Split(folds=3)
    data = Pictures(str(paths[0].parent), validation={"other": str(other)}, split=split, cache="none", patch_size=8)
    data.setup("fit")
    assert data.set_names("validate") == data.set_names("test") == ["other", "held_out"]
    batches = list(data.val_dataloader()[1])
    assert [batch["name"][0] for batch in batches] == [path.name for path in split.held_out(paths)]
    trained = {data._patches[number]["name"] for number in range(100)}
    assert trained == {path.name for path in split.training(paths)}


def test_a_split_of_the_built_in_pictures_is_refused():
    with pytest.raises(ConfigError, match="root"):
        Pictures(split=Split()).check("fit")
