"""The lists of published sets: what they hold, and how a folder is told to be one."""

from __future__ import annotations

import hashlib

import pytest

from restore.data import known_sets, recognize
from restore.data.manifest import Entry, describe, pixel_hash, read_manifest, write_manifest
from restore.errors import DataError
from restore.images import Picture, read_pixels, write_picture
from tests.data.pictures import make_pictures

SIZES = {"Set5": 5, "Set14": 14, "BSD100": 100, "CBSD68": 68, "BSD68": 68, "Set12": 12, "Kodak24": 24}


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """A folder of four pictures that is the known set `Four`, its last picture known by name alone."""
    paths = make_pictures(tmp_path / "four", count=4)
    entries = [describe(path) for path in paths]
    entries[3] = Entry(entries[3].name, 0, 0, 3, "")
    lists = {"Three": entries[:3], "Four": entries}
    monkeypatch.setattr("restore.data.manifest.known_sets", lambda: lists)
    return paths


def test_the_lists_are_as_long_as_the_sets():
    found = {name: len(entries) for name, entries in known_sets().items()}
    assert {**found, **SIZES, "Urban100": 100, "McMaster": 18} == found
    for entries in known_sets().values():
        assert len({entry.name for entry in entries}) == len(entries)
        assert {len(entry.sha256) for entry in entries} <= {0, 64}


def test_cbsd68_is_part_of_bsd100():
    hashes = {name: {entry.sha256 for entry in known_sets()[name]} for name in ("CBSD68", "BSD100")}
    assert hashes["CBSD68"] < hashes["BSD100"]


def test_the_whole_set_is_told_whatever_its_files_are_called(sets, tmp_path):
    for number, path in enumerate(sets[:3]):
        write_picture(tmp_path / "other" / f"{number}.bmp", Picture(read_pixels(path, 3)))
    found = recognize(sorted((tmp_path / "other").iterdir()))
    assert str(found) == "Three, all 3 pictures as known"
    assert found.whole


def test_what_differs_is_missing_or_foreign_is_named(sets, tmp_path):
    pixels = read_pixels(sets[1], 3).copy()
    pixels[0, 0, 0] ^= 1
    write_picture(sets[1], Picture(pixels))
    more = make_pictures(tmp_path / "more", count=1, seed=9)[0].rename(tmp_path / "z.png")
    found = recognize([sets[0], sets[1], sets[2], more])
    assert (found.name, found.same) == ("Three", [sets[0].stem, sets[2].stem])
    assert (found.differing, found.missing, found.foreign) == ([sets[1].stem], [], ["z.png"])
    assert str(found).startswith("Three, 2 of 3 pictures as known, 1 with other pixels (")
    assert recognize([sets[0], sets[2]]).missing == [sets[1].stem]
    assert not found.whole


def test_a_picture_that_nobody_has_seen_cannot_be_told(sets, monkeypatch):
    found = recognize(sets)
    assert found.name in ("Three", "Four")
    lists = {"Four": known_sets_of(sets)}
    monkeypatch.setattr("restore.data.manifest.known_sets", lambda: lists)
    found = recognize(sets)
    assert (found.unknown, found.foreign) == ([sets[3].stem], [])
    assert "1 that cannot be told" in str(found)


def known_sets_of(paths):
    entries = [describe(path) for path in paths]
    return [*entries[:3], Entry(entries[3].name, 0, 0, 3, "")]


def test_other_pictures_are_no_set(tmp_path):
    assert recognize(make_pictures(tmp_path, count=3)) is None
    assert recognize([]) is None


def test_gray_in_three_channels_is_gray(tmp_path):
    gray = read_pixels(make_pictures(tmp_path, count=1)[0], 1)
    assert pixel_hash(gray) == pixel_hash(gray.repeat(3, axis=2)) == hashlib.sha256(gray.tobytes()).hexdigest()
    assert pixel_hash(gray) != pixel_hash(gray.transpose(1, 0, 2)[::-1].transpose(1, 0, 2))


def test_a_list_is_read_as_it_was_written(tmp_path):
    entries = [Entry("a, b", 3, 4, 1, "0" * 64), Entry("ü", 0, 0, 3, "")]
    write_manifest(tmp_path / "list.csv", entries)
    assert read_manifest(tmp_path / "list.csv") == entries
    (tmp_path / "list.csv").write_text("name,width\na,1\n")
    with pytest.raises(DataError, match=r"list\.csv is no manifest"):
        read_manifest(tmp_path / "list.csv")


@pytest.mark.parametrize("name", ["Set5", "Set12", "RNI6", "McMaster"])
def test_the_shared_pictures_are_those_sets(shared, name):
    paths = sorted((shared / "data/test" / name.lower()).iterdir())
    found = recognize(paths)
    assert (found.name, found.differing, found.foreign) == (name, [], [])
    assert len(found.same) == len(paths)


def test_bsd100_has_the_hashes_of_its_own_list(shared):
    lines = (shared / "data/test/bsd100_rgb.sha256").read_text().split("\n")
    expected = {line.split()[1].removesuffix(".jpg"): line.split()[0] for line in lines if line.strip()}
    assert {entry.name: entry.sha256 for entry in known_sets()["BSD100"]} == expected
