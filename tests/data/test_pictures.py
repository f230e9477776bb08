"""Folders of pictures: what is found, what is refused, and how it is said."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from restore.data import CleanPictures, PairedPictures, PictureCache, Pictures, SamplePictures, find_pairs
from restore.errors import ConfigError, DataError, RestoreError
from restore.images import read_pixels
from tests.data.pictures import make_pictures


def test_samples_of_training_and_validation_are_other_pictures():
    train, validation = SamplePictures("train"), SamplePictures("validation")
    assert not set(train.names) & set(validation.names)
    assert SamplePictures("all").names == train.names + validation.names
    pixels = [train[index].tobytes() for index in range(len(train))]
    assert not {validation[index].tobytes() for index in range(len(validation))} & set(pixels)
    assert all(path.is_file() for path in SamplePictures().paths)


def test_samples_come_in_gray_as_well():
    assert SamplePictures("validation", image_channels=1)[0].shape == (512, 512, 1)
    with pytest.raises(ConfigError, match="no split 'tests'"):
        SamplePictures("tests")  # type: ignore[arg-type]


def test_the_cache_keeps_pictures_while_they_fit_its_budget(tmp_path):
    paths = make_pictures(tmp_path, count=3, size=(100, 100))
    size = read_pixels(paths[0], 3).nbytes
    cache = PictureCache(paths, gigabytes=1.5 * size / 1e9)
    expected = [read_pixels(path, 3) for path in paths]
    for _ in range(2):
        assert all(np.array_equal(cache[index], expected[index]) for index in range(3))
    shutil.rmtree(tmp_path)
    assert np.array_equal(cache[0], expected[0])  # from memory
    with pytest.raises(DataError):
        cache[1]  # from a file that is gone


def test_large_pictures_are_halved_by_means_until_they_are_small(tmp_path):
    path = make_pictures(tmp_path, count=1, size=(40, 57))[0]
    pixels = read_pixels(path, 3).astype(float)
    assert PictureCache([path], halve_above=57)[0].shape == (40, 57, 3)
    once = PictureCache([path], halve_above=56)[0]
    assert once.shape == (20, 28, 3)
    assert np.array_equal(once[3, 5], np.rint(pixels[6:8, 10:12].mean(axis=(0, 1))))
    assert PictureCache([path], halve_above=20)[0].shape == (10, 14, 3)


@pytest.mark.parametrize(
    ("noisy", "clean"),
    [("_real", "_mean"), ("_noisy", "_clean"), ("_NOISY", "_GT"), ("_NOISY_SRGB_010", "_GT_SRGB_010")],
)
def test_pairs_are_found_by_their_endings(tmp_path, noisy, clean):
    sources = make_pictures(tmp_path / "source", count=2)
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name, source in (("b", sources[0]), ("a", sources[1])):
        shutil.copy(source, folder / f"{name}{noisy}.png")
        shutil.copy(source, folder / f"{name}{clean}.png")
    pairs = find_pairs(folder)
    assert [(one.name, other.name) for one, other in pairs] == [
        (f"{name}{noisy}.png", f"{name}{clean}.png") for name in "ab"
    ]
    item = PairedPictures(pairs)[1]
    assert np.array_equal(item["degraded"].numpy(), item["target"].numpy())
    (folder / f"a{clean}.png").unlink()
    with pytest.raises(DataError, match=rf"a{noisy}.png has no clean partner"):
        find_pairs(folder)


def test_pairs_are_found_in_two_folders(tmp_path):
    make_pictures(tmp_path / "noisy", count=2, seed=1)
    clean = make_pictures(tmp_path / "clean", count=2)
    clean[0].rename(clean[0].with_suffix(".PNG"))
    pairs = find_pairs(tmp_path)
    assert [(one.parent.name, other.parent.name, one.stem == other.stem) for one, other in pairs] == [
        ("noisy", "clean", True)
    ] * 2
    clean[1].unlink()
    with pytest.raises(DataError, match="no clean partner"):
        find_pairs(tmp_path)


def test_pairs_of_unequal_size_are_named(tmp_path):
    noisy = make_pictures(tmp_path / "noisy", count=1, size=(30, 30))
    clean = make_pictures(tmp_path / "clean", count=1, size=(32, 30))
    with pytest.raises(DataError, match=r"picture0.png.*30x30.*30x32"):
        PairedPictures([(noisy[0], clean[0])])[0]


def test_a_folder_without_pairs_holds_clean_pictures(tmp_path):
    assert find_pairs(make_pictures(tmp_path)[0].parent) == []


def test_whole_pictures_are_cropped_to_the_scale(tmp_path):
    paths = make_pictures(tmp_path, count=1, size=(41, 55))
    item = CleanPictures(paths, scale=4)[0]
    assert item["target"].shape == (3, 40, 52)
    assert item["name"] == "picture0.png"


@pytest.mark.parametrize(("scale", "crop", "rows", "columns"), [(1, 9, (16, 25), (23, 32)), (4, 9, (16, 24), (20, 28))])
def test_only_the_middle_of_whole_pictures_is_taken(tmp_path, scale, crop, rows, columns):
    path = make_pictures(tmp_path, count=1, size=(41, 55))[0]
    target = CleanPictures([path], scale=scale, crop=crop)[0]["target"].permute(1, 2, 0)
    assert np.array_equal(target.numpy(), read_pixels(path, 3)[slice(*rows), slice(*columns)])


def test_the_middle_of_a_small_picture_is_all_of_it(tmp_path):
    path = make_pictures(tmp_path, count=1, size=(8, 20))[0]
    assert CleanPictures([path], crop=12)[0]["target"].shape == (3, 8, 12)


def test_pairs_are_cropped_alike(tmp_path):
    small, large = (make_pictures(tmp_path / str(s), count=1, size=(10 * s, 13 * s))[0] for s in (1, 2))
    item = PairedPictures([(small, large)], scale=2, crop=6)[0]
    assert np.array_equal(item["degraded"].permute(1, 2, 0).numpy(), read_pixels(small, 3)[3:6, 5:8])
    assert np.array_equal(item["target"].permute(1, 2, 0).numpy(), read_pixels(large, 3)[6:12, 10:16])


def test_the_data_module_hands_its_crop_on(tmp_path):
    folder = str(make_pictures(tmp_path, count=1, size=(40, 40))[0].parent)
    data = Pictures(validation={"small": folder}, crop=16, workers=0)
    data.setup("validate")
    assert next(iter(data.val_dataloader()[0]))["target"].shape == (1, 3, 16, 16)


@pytest.mark.parametrize("stage", ["fit", "validate", "test", "predict"])
def test_missing_and_empty_folders_are_said_before_anything_runs(tmp_path, stage):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, message in ((str(tmp_path / "none"), "There is no folder .*none"), (str(empty), "holds no picture")):
        options = {
            "fit": {"root": folder},
            "validate": {"validation": {"set": folder}},
            "test": {"test": {"set": folder}},
            "predict": {"predict": folder},
        }[stage]
        with pytest.raises(DataError, match=message):
            Pictures(**options).check(stage)  # type: ignore[arg-type]


def test_one_empty_folder_among_others_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    roots = [str(make_pictures(tmp_path / "full")[0].parent), str(tmp_path / "empty")]
    with pytest.raises(DataError, match="empty holds no picture"):
        Pictures(root=roots).check("fit")


@pytest.mark.parametrize("stage", ["fit", "validate", "test"])
def test_the_built_in_pictures_need_no_folder(stage):
    Pictures().check(stage)
    assert Pictures().set_names(stage) == ["samples"]


def test_named_sets_keep_their_order_and_tests_default_to_validation(tmp_path):
    folder = str(make_pictures(tmp_path)[0].parent)
    data = Pictures(validation={"b": folder, "a": folder})
    assert data.set_names("fit") == data.set_names("test") == ["b", "a"]
    assert Pictures(validation={"b": folder}, test={"c": folder}).set_names("test") == ["c"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_size": 0}, "patch_size is 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"scale": 0}, "scale is 0"),
        ({"patches_per_epoch": 3}, "3 patches holds no batch of 16"),
        ({"limit": 0}, "limit is 0"),
        ({"crop": 1, "scale": 2}, "crop is 1"),
        ({"workers": -1}, "workers is -1"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Pictures(**options)


def test_nothing_to_predict_and_impossible_names_are_said(tmp_path):
    with pytest.raises(ConfigError, match=r"--data\.predict"):
        Pictures().check("predict")
    folder = str(make_pictures(tmp_path)[0].parent)
    with pytest.raises(RestoreError, match="a/b"):
        Pictures(validation={"a/b": folder}).check("validate")
