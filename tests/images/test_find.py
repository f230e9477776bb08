"""A folder's pictures are found once each, and what cannot be opened is not passed over in silence."""

from __future__ import annotations

import os

import pytest

from restore.errors import DataError
from restore.images import find_pictures


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(folder, **options):
    return [str(path.relative_to(folder)) for path in find_pictures(folder, **options)]


def test_pictures_are_found_by_extension_in_either_case_and_sorted(tmp_path):
    touch(tmp_path, "b.PNG", "a.jpeg", "c.TifF", "notes.txt", "a b/é 写.webp", "png")
    assert names(tmp_path) == ["a b/é 写.webp", "a.jpeg", "b.PNG", "c.TifF"]


def test_without_recursion_subfolders_are_left_out(tmp_path):
    touch(tmp_path, "a.png", "sub/b.png")
    assert names(tmp_path, recursive=False) == ["a.png"]


def test_hidden_files_and_folders_are_left_out(tmp_path):
    touch(tmp_path, ".a.png", ".git/b.png", "c.png")
    assert names(tmp_path) == ["c.png"]


def test_loops_end_and_dangling_links_are_listed(tmp_path):
    touch(tmp_path, "a.png")
    (tmp_path / "again").symlink_to(".")
    (tmp_path / "gone.png").symlink_to("missing.png")
    (tmp_path / "x.png").symlink_to("y.png")
    (tmp_path / "y.png").symlink_to("x.png")
    assert names(tmp_path) == ["a.png", "gone.png", "x.png", "y.png"]


def test_a_folder_with_a_pictures_name_is_searched(tmp_path):
    touch(tmp_path, "dir.png/a.png")
    assert names(tmp_path) == ["dir.png/a.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_locked_subfolder_is_listed(tmp_path):
    touch(tmp_path, "a.png", "locked/b.png")
    (tmp_path / "locked").chmod(0)
    try:
        assert names(tmp_path) == ["a.png", "locked"]
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="not a folder"):
        find_pictures(tmp_path / "no")
