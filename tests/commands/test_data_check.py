"""data check: what it tells of folders, and when it says that something is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from restore.commands.data import main
from restore.data import SamplePictures
from restore.data.manifest import read_manifest
from restore.errors import DataError
from restore.images import Metadata, Picture, jpeg_round_trip, write_picture
from tests.data.pictures import make_pictures


def write(file, pixels):
    file.parent.mkdir(parents=True, exist_ok=True)
    kind = {".png": "PNG", ".jpg": "JPEG"}[file.suffix]
    write_picture(file, Picture(np.ascontiguousarray(pixels), metadata=Metadata(kind)))


@pytest.fixture(scope="module")
def photos():
    pictures = SamplePictures("all")
    return {name: pictures[number][:320, :320] for number, name in enumerate(pictures.names)}


@pytest.fixture
def folders(tmp_path, photos):
    """Two folders of different pictures."""
    for name in ("coffee.png", "motorcycle_left.png", "brick.png"):
        write(tmp_path / "train" / name, photos[name])
    for name in ("chelsea.png", "astronaut.png"):
        write(tmp_path / "test" / name, photos[name])
    return tmp_path


def run(folders, *more):
    """The status, and the JSON."""
    status = main(["check", *map(str, more), "--json", str(folders / "out.json")])
    return status, json.loads((folders / "out.json").read_text())


def test_what_lies_in_a_folder(folders, capsys):
    write(folders / "train" / "gray.png", np.arange(12, dtype=np.uint8).reshape(3, 4, 1))
    status, found = run(folders, folders / "train")
    (folder,) = found["train"]
    assert status == 0
    assert (len(folder["pictures"]), folder["broken"], folder["set"]) == (4, [], None)
    gray = next(one for one in folder["pictures"] if one["name"] == "gray.png")
    assert (gray["width"], gray["height"], gray["kind"], gray["format"]) == (4, 3, "gray 8 bit", "PNG")
    said = capsys.readouterr().out
    assert "3 RGB 8 bit, 1 gray 8 bit" in said
    assert "4x3..320x320" in said
    assert said.endswith("In order: every file can be read.\n")


def test_a_broken_file_is_named_and_the_rest_goes_on(folders, capsys):
    (folders / "train" / "cut.png").write_bytes((folders / "train" / "coffee.png").read_bytes()[:5000])
    (folders / "train" / "empty.jpg").touch()
    status, found = run(folders, folders / "train")
    assert status == 1
    assert [one["name"] for one in found["train"][0]["broken"]] == ["cut.png", "empty.jpg"]
    assert len(found["train"][0]["pictures"]) == 3
    said = capsys.readouterr().out
    assert "empty.jpg is empty" in said
    assert said.endswith("Not in order: 2 broken files.\n")


def test_jpeg_quality_is_told(folders, photos, capsys):
    from PIL import Image

    for quality in (60, 85):
        Image.fromarray(photos["retina.jpg"]).save(folders / "train" / f"{quality}.jpg", quality=quality)
    _, found = run(folders, folders / "train")
    assert sorted(one["jpeg_quality"] or 0 for one in found["train"][0]["pictures"]) == [0, 0, 0, 60, 85]
    assert "60..85 of 2" in capsys.readouterr().out


def test_a_lossless_file_that_was_a_jpeg_is_named(folders, photos, capsys):
    for quality in (50, 75):
        write(folders / "train" / f"former{quality}.png", jpeg_round_trip(photos["coffee.png"], quality))
    status, found = run(folders, folders / "train")
    grids = {one["name"]: one["jpeg_grid"] for one in found["train"][0]["pictures"]}
    assert {name for name, grid in grids.items() if grid} == {"former50.png", "former75.png"}
    assert (grids["former75.png"]["row"], grids["former75.png"]["column"]) == (0, 0)
    said = capsys.readouterr().out
    assert "2 of 5 have been JPEG (its 8 x 8 grid is seen), at quality 50..75: former50.png, former75.png\n" in said
    qualities = {one["name"]: one["former_quality"] for one in found["train"][0]["pictures"]}
    assert (qualities["former50.png"], qualities["former75.png"], qualities["coffee.png"]) == (50, 75, None)
    assert status == 0  # told, and no fault: whether it matters depends on the quality


def test_apart_is_in_order(folders, capsys):
    status, found = run(folders, folders / "train", "--test", folders / "test")
    assert (status, found["copies"]) == (0, {"across": [], "within": [], "within_test": []})
    assert "training has seen no test picture" in capsys.readouterr().out


COPIES = {
    "as it is": (lambda p: p, "the same pixels"),
    "mirrored": (lambda p: p[:, ::-1], "alike, mirrored"),
    "recompressed": (lambda p: jpeg_round_trip(p, 40), "alike"),
    "half as large": (lambda p: p[::2, ::2], "alike"),
}


@pytest.mark.parametrize("change", COPIES)
def test_a_test_picture_in_training_is_found(folders, photos, change, capsys):
    make, how = COPIES[change]
    write(folders / "train" / "deep" / "x.png", make(np.ascontiguousarray(photos["chelsea.png"])))
    status, found = run(folders, folders / "train", "--test", folders / "test")
    assert status == 1
    (pair,) = found["copies"]["across"]
    assert (pair["first"], pair["second"]) == (
        str(folders / "train/deep/x.png"),
        str(folders / "test/chelsea.png"),
    )
    assert pair["how"].startswith(how)
    assert "1 test picture that training has seen" in capsys.readouterr().out


def test_a_part_of_a_test_picture_is_found_where_parts_are_looked_for(folders, photos):
    write(folders / "train" / "part.png", photos["astronaut.png"][40:240, 100:300][:, ::-1])
    words = (folders / "train", "--test", folders / "test")
    assert run(folders, *words)[0] == 0
    status, found = run(folders, *words, "--corners")
    assert status == 1
    (pair,) = found["copies"]["across"]
    assert pair["second"].endswith("astronaut.png")
    assert pair["how"].startswith("share a part, mirrored (")


def test_copies_within_one_side_are_told_and_no_fault(folders, photos, capsys):
    write(folders / "train" / "again.png", photos["coffee.png"][::-1])
    write(folders / "train" / "flat1.png", np.full((20, 20, 3), 7, np.uint8))
    write(folders / "train" / "flat2.png", np.full((20, 20, 3), 7, np.uint8))
    status, found = run(folders, folders / "train")
    assert status == 0
    names = {tuple(pair[side].rsplit("/")[-1] for side in ("first", "second")) for pair in found["copies"]["within"]}
    assert names == {("again.png", "coffee.png"), ("flat1.png", "flat2.png")}
    assert "Alike within the training pictures: 2 pairs" in capsys.readouterr().out


def test_the_two_halves_of_a_pair_are_no_copies(tmp_path, photos):
    clean = photos["coffee.png"]
    write(tmp_path / "pairs" / "a_mean.png", clean)
    write(tmp_path / "pairs" / "a_real.png", clean ^ 1)
    assert run(tmp_path, tmp_path / "pairs")[1]["copies"]["within"] == []


def test_a_published_set_is_told(tmp_path, monkeypatch, capsys):
    from restore.data.manifest import describe

    paths = make_pictures(tmp_path / "mine", count=3)
    lists = {"Mine": [describe(path) for path in paths]}
    monkeypatch.setattr("restore.data.manifest.known_sets", lambda: lists)
    _, found = run(tmp_path, tmp_path / "mine", "--manifest", tmp_path / "mine.csv")
    assert found["train"][0]["set"] == {"name": "Mine", "whole": True, "told": "Mine, all 3 pictures as known"}
    assert "this is Mine, all 3 pictures as known" in capsys.readouterr().out
    assert read_manifest(tmp_path / "mine.csv") == lists["Mine"]


def test_a_folder_without_pictures_is_told(tmp_path):
    with pytest.raises(DataError, match="holds no picture"):
        main(["check", str(tmp_path)])
    with pytest.raises(DataError, match="is not a folder"):
        main(["check", str(tmp_path / "nothing")])


def test_the_shared_test_sets_share_what_is_known_of_them(shared, tmp_path):
    """BSD68 is 68 of BSD100 in gray, Set12 has three pictures of Set14, and Set14's face is Set5's head."""
    test = shared / "data" / "test"
    _, found = run(tmp_path, test / "set5", test / "set12", "--test", test / "set14")
    across = {
        tuple(pair[side].split("test/")[-1] for side in ("first", "second")) for pair in found["copies"]["across"]
    }
    assert across == {
        ("set5/head.png", "set14/face.png"),
        ("set12/03.png", "set14/pepper.png"),
        ("set12/08.png", "set14/lenna.png"),
        ("set12/11.png", "set14/man.png"),
    }
