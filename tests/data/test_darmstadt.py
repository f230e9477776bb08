"""The Darmstadt Noise Dataset, made small as it is handed out: what is read, written and refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from restore.commands.evaluate import main as evaluate
from restore.data import Pictures, find_darmstadt, find_pairs, write_submission
from restore.errors import ConfigError, DataError
from restore.images import Picture, write_picture
from restore.main import main
from tests.data.darmstadt import BOXES, make_release


@pytest.fixture
def release(tmp_path):
    """Its folder and the two pictures in it."""
    return tmp_path / "dnd_2017", make_release(tmp_path / "dnd_2017")


@pytest.fixture
def crops(tmp_path):
    """All the names, without the pictures."""
    folder = tmp_path / "crops"
    folder.mkdir()
    for picture in range(1, 51):
        for crop in range(1, 21):
            (folder / f"{picture:04d}_{crop:02d}.png").touch()
    return folder


def test_a_crop_is_what_its_box_says_counted_from_one(release):
    folder, pictures = release
    found = find_darmstadt(folder)
    assert [picture.name for picture in found] == ["0001", "0002"]
    for picture, whole, boxes in zip(found, pictures, BOXES, strict=True):
        assert len(picture.parts) == len(boxes)
        for number, (top, left, bottom, right) in enumerate(boxes):
            crop = picture.crop(number)
            assert crop.dtype == np.float32
            np.testing.assert_array_equal(crop, whole[top - 1 : bottom, left - 1 : right])


def test_exported_crops_are_read_at_any_depth(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (5, 6, 3)).astype(np.uint16)
    for number in range(1, 21):
        write_picture(tmp_path / f"0007_{number:02d}.png", Picture(pixels))
    write_picture(tmp_path / "0007_03.png", Picture((pixels >> 8).astype(np.uint8)))
    write_picture(tmp_path / "readme.png", Picture((pixels >> 8).astype(np.uint8)))
    (picture,) = find_darmstadt(tmp_path)
    assert (picture.name, len(picture.parts)) == ("0007", 20)
    np.testing.assert_allclose(picture.crop(0), pixels / 65535, rtol=1e-6)
    np.testing.assert_allclose(picture.crop(2), (pixels >> 8) / 255, rtol=1e-6)
    (tmp_path / "0007_12.png").unlink()
    with pytest.raises(DataError, match="holds no 0007_12, one of 20 crops"):
        find_darmstadt(tmp_path)


def test_a_submission_is_what_matlab_s_helper_would_load(tmp_path):
    scipy = pytest.importorskip("scipy.io")
    crops = [np.full((4, 5, 3), number / 7, np.float32) for number in range(3)]
    write_submission(tmp_path / "bundled" / "0001.mat", crops)
    found = scipy.loadmat(tmp_path / "bundled" / "0001.mat")
    assert found["Idenoised"].shape == (1, 3)  # a row of cells
    for cell, crop in zip(found["Idenoised"][0], crops, strict=True):
        assert cell.dtype == np.float32
        np.testing.assert_array_equal(cell, crop)
    assert found["eval_version"] == ["1.0"]
    assert found["israw"].item() == 0


def test_what_is_missing_or_broken_is_named(release, tmp_path):
    folder, _ = release
    h5py = pytest.importorskip("h5py")
    with pytest.raises(DataError, match="neither the sRGB release of DND"):
        find_darmstadt(tmp_path)
    with h5py.File(folder / "images_srgb" / "0002.mat", "w") as file:
        file["Inoisy"] = np.zeros((2, 2), np.float32)
    with pytest.raises(DataError, match=r"0002.mat holds no matrix InoisySRGB, but Inoisy"):
        find_darmstadt(folder)[1].crop(0)
    with h5py.File(folder / "images_srgb" / "0001.mat", "w") as file:
        file["InoisySRGB"] = np.zeros((3, 4, 4), np.float32)
    with pytest.raises(DataError, match=r"rows 3 to 12 .* do not lie inside InoisySRGB, which is 4 x 4 x 3"):
        find_darmstadt(folder)[0].crop(0)
    (folder / "images_srgb" / "0001.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(DataError, match=r"0001.mat cannot be read as a file of MATLAB 7.3"):
        find_darmstadt(folder)[0].crop(0)
    (folder / "images_srgb" / "0002.mat").unlink()
    with pytest.raises(DataError, match=r"There is no .*0002.mat"):
        find_darmstadt(folder)
    (folder / "info.mat").write_bytes(b"no file of MATLAB's")
    with pytest.raises(DataError, match=r"info.mat cannot be read"):
        find_darmstadt(folder)


@pytest.mark.parametrize("package", ["h5py", "scipy"])
def test_without_the_package_it_says_what_to_install(package, tmp_path, monkeypatch, capsys):
    (tmp_path / "dnd" / "images_srgb").mkdir(parents=True)
    (tmp_path / "dnd" / "info.mat").touch()
    for name in (package, f"{package}.io"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["denoise", str(tmp_path / "dnd"), "--submission", "dnd", "--output", str(tmp_path / "out")]) == 1
    assert f'need the package {package}. Install it: pip install "restore[dnd]"' in capsys.readouterr().err


REFUSED = "has no clean pictures: nothing can be trained on it or measured here. Its server measures: restore denoise"


@pytest.mark.parametrize("words", [("--protocol", "real-srgb"), ("--protocol", "awgn-rgb", "--sigma", "25")])
def test_scoring_it_is_refused_and_told_where_it_is_scored(words, crops, tmp_path):
    (tmp_path / "released" / "images_srgb").mkdir(parents=True)
    (tmp_path / "released" / "info.mat").touch()
    for folder in (crops, tmp_path / "released"):
        with pytest.raises(DataError, match=REFUSED):
            evaluate(["--method", "noisy", "--data", str(folder), *words])


def test_a_part_of_the_crops_is_no_set_of_pairs_either(crops):
    for name in ("0001_01.png", "0050_20.png"):
        (crops / name).unlink()
    with pytest.raises(DataError, match=REFUSED):
        evaluate(["--method", "noisy", "--data", str(crops), "--protocol", "real-srgb"])
    assert find_pairs(crops) == []  # pictures of other people may have such names


def test_training_on_it_is_refused(crops, tmp_path):
    (tmp_path / "released" / "images_srgb").mkdir(parents=True)
    (tmp_path / "released" / "info.mat").touch()
    for folder in (crops, tmp_path / "released"):
        with pytest.raises(DataError, match=REFUSED):
            Pictures(root=str(folder)).check("fit")
        with pytest.raises(DataError, match=REFUSED):
            Pictures(validation={"dnd": str(folder)}).check("validate")
    Pictures(predict=str(crops)).check("predict")


def test_the_release_needs_its_option(tmp_path):
    from restore.commands.denoise import main as denoise

    (tmp_path / "released" / "images_srgb").mkdir(parents=True)
    (tmp_path / "released" / "info.mat").touch()
    with pytest.raises(ConfigError, match="Add: --submission dnd"):
        denoise([str(tmp_path / "released"), "--output", str(tmp_path / "out")])
