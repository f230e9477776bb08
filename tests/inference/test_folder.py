"""A folder run does what it can, says what it could not, and never leaves half a file."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from restore.errors import ConfigError, DataError
from restore.images import Metadata, Picture, read_picture, write_picture
from restore.inference import restore_folder


def darker(pixels):
    return pixels // 2


def picture(path, value=100, channels=3):
    write_picture(path, Picture(np.full((6, 8, channels), value, np.uint8)))
    return path


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_names_and_tree_are_kept(tmp_path):
    names = ["UPPER.PNG", "a b/c/deep.png", "same.bmp", "same.png", "é 写.tif"]
    for name in names:
        picture(tmp_path / "in" / name)
    report = restore_folder(darker, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert files(tmp_path / "out") == sorted(names)
    assert report.total == len(report.done) == 5
    assert (read_picture(tmp_path / "out" / "a b/c/deep.png").pixels == 50).all()


def test_a_broken_file_is_named_and_the_rest_is_done(tmp_path):
    picture(tmp_path / "in/a.png")
    (tmp_path / "in/b.png").write_bytes(b"no picture")
    (tmp_path / "in/c.png").symlink_to("gone.png")
    picture(tmp_path / "in/d.png")
    report = restore_folder(darker, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert files(tmp_path / "out") == ["a.png", "d.png"]
    assert [path.name for path in report.failed] == ["b.png", "c.png"]
    assert all(str(path) in reason for path, reason in report.failed.items())


def test_a_picture_that_cannot_be_restored_or_written_is_named_too(tmp_path):
    picture(tmp_path / "in/a.png", 1)
    picture(tmp_path / "in/b.png", 2)
    picture(tmp_path / "in/c/x.png", 3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/c").write_text("in the way")

    def restore(pixels):
        if pixels[0, 0, 0] == 1:
            raise DataError("The network gave no numbers. Try fp32.")
        return pixels

    report = restore_folder(restore, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert [path.name for path in report.failed] == ["a.png", "x.png"]
    assert "a.png: The network gave no numbers" in next(iter(report.failed.values()))
    assert files(tmp_path / "out") == ["b.png", "c"]


def test_results_that_exist_are_skipped_unless_told_otherwise(tmp_path):
    picture(tmp_path / "in/a.png")
    picture(tmp_path / "in/b.png")
    picture(tmp_path / "out/a.png", 7)
    (tmp_path / "out/b.png").touch()  # nothing in it: no result
    report = restore_folder(darker, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert [path.name for path in report.skipped] == ["a.png"]
    assert [path.name for path in report.done] == ["b.png"]
    assert (read_picture(tmp_path / "out/a.png").pixels == 7).all()
    report = restore_folder(darker, [tmp_path / "in"], tmp_path / "out", overwrite=True, progress=False)
    assert len(report.done) == 2
    assert (read_picture(tmp_path / "out/a.png").pixels == 50).all()


def test_ctrl_c_keeps_what_is_done_and_a_rerun_goes_on(tmp_path):
    for name in "abcd":
        picture(tmp_path / f"in/{name}.png")
    calls = []

    def restore(pixels):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return darker(pixels)

    report = restore_folder(restore, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert report.interrupted
    assert files(tmp_path / "out") == ["a.png", "b.png"]
    assert [path.name for path in report.done] == ["a.png", "b.png"]
    report = restore_folder(darker, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert (len(report.skipped), len(report.done)) == (2, 2)


def test_metadata_and_transparency_go_along(tmp_path):
    pixels = np.full((9, 9, 3), (255, 0, 255), np.uint8)
    alpha = np.zeros((9, 9), np.uint8)
    pixels[:, :4], alpha[:, :4] = (20, 200, 40), np.uint8(90)
    write_picture(tmp_path / "a.png", Picture(pixels, alpha, Metadata(icc=b"a profile")))
    seen = []

    def restore(values):
        seen.append(values)
        return values.repeat(2, 0).repeat(2, 1)

    restore_folder(restore, [tmp_path / "a.png"], tmp_path / "out", progress=False)
    back = read_picture(tmp_path / "out/a.png")
    assert np.abs(seen[0].astype(int) - (20, 200, 40)).max() <= 1  # no magenta reaches the network
    assert back.metadata.icc == b"a profile"
    assert back.alpha.shape == (18, 18)
    assert (back.alpha[:, :6] == 90).all()
    assert (back.alpha[:, 11:] == 0).all()


def test_the_orientation_is_applied_once(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "in").mkdir()
    Image.fromarray(np.zeros((4, 10, 3), np.uint8)).save(tmp_path / "in/a.jpg", exif=exif)
    restore_folder(darker, [tmp_path / "in"], tmp_path / "out", progress=False)
    with Image.open(tmp_path / "out/a.jpg") as image:
        assert image.size == (4, 10)
        assert image.getexif().get(0x0112, 1) == 1


def test_the_input_is_never_written_to(tmp_path):
    path = picture(tmp_path / "in/a.png")
    (tmp_path / "link").symlink_to("in")
    for inputs, output in [
        ([tmp_path / "in"], "in"),
        ([tmp_path / "in"], "link"),
        ([path], "in"),
        ([path], "in/a.png"),
    ]:
        with pytest.raises(ConfigError, match=r"(output folder|Name a folder)\."):
            restore_folder(darker, inputs, tmp_path / output, overwrite=True, progress=False)
    assert (read_picture(path).pixels == 100).all()


def test_an_output_inside_the_input_is_not_searched(tmp_path):
    picture(tmp_path / "in/a.png")
    for _ in range(2):
        restore_folder(darker, [tmp_path / "in"], tmp_path / "in/clean", progress=False)
    assert files(tmp_path / "in") == ["a.png", "clean/a.png"]


def test_two_inputs_for_one_name_are_refused_before_anything_is_done(tmp_path):
    picture(tmp_path / "one/a.png")
    picture(tmp_path / "two/a.png")
    with pytest.raises(ConfigError, match="would both become"):
        restore_folder(darker, [tmp_path / "one", tmp_path / "two"], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    same = restore_folder(darker, [tmp_path / "one", tmp_path / "one/a.png"], tmp_path / "out", progress=False)
    assert same.total == 1


def test_folders_without_pictures_and_missing_inputs_are_errors(tmp_path):
    (tmp_path / "empty/sub").mkdir(parents=True)
    with pytest.raises(DataError, match="no pictures in"):
        restore_folder(darker, [tmp_path / "empty"], tmp_path / "out")
    picture(tmp_path / "empty/sub/a.png")
    with pytest.raises(DataError, match="--no-recursive"):
        restore_folder(darker, [tmp_path / "empty"], tmp_path / "out", recursive=False)
    with pytest.raises(DataError, match="does not exist"):
        restore_folder(darker, [tmp_path / "no"], tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_is_named(tmp_path):
    picture(tmp_path / "in/a.png")
    (tmp_path / "out").mkdir(mode=0o500)
    report = restore_folder(darker, [tmp_path / "in"], tmp_path / "out", progress=False)
    assert "cannot be written" in next(iter(report.failed.values()))
