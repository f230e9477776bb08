"""Broken files: refused, or named and left out."""

from __future__ import annotations

import logging

import pytest

from restore.data import Pictures
from restore.data.broken import without_broken
from restore.errors import DataError
from tests.data.pictures import make_pictures


@pytest.fixture
def folder(tmp_path):
    paths = make_pictures(tmp_path / "some", count=4)
    paths[1].write_bytes(paths[1].read_bytes()[:60])
    return paths


def test_the_rest_is_kept_and_the_broken_one_named_once(folder, caplog):
    with caplog.at_level(logging.WARNING):
        assert without_broken(folder) == [folder[0], *folder[2:]]
        assert without_broken(folder) == [folder[0], *folder[2:]]
    assert len(caplog.messages) == 1
    assert folder[1].name in caplog.messages[0]


def test_a_mended_file_counts_again(folder):
    without_broken(folder)
    folder[1].write_bytes(folder[0].read_bytes())
    assert without_broken(folder) == folder


def test_a_pair_needs_both_halves(folder):
    pairs = [(folder[0], folder[1]), (folder[2], folder[3]), (folder[1], folder[0])]
    assert without_broken(pairs) == [pairs[1]]


def test_nothing_left_is_refused(folder):
    with pytest.raises(DataError, match="None of 1 pictures"):
        without_broken([folder[1]])
    assert without_broken([]) == []


def test_a_run_refuses_or_skips_as_it_is_told(folder):
    root = str(folder[0].parent)
    options = {"validation": {"some": root}, "workers": 0, "cache": "none", "patch_size": 8}
    refusing = Pictures(root, **options)
    refusing.setup("fit")
    with pytest.raises(DataError, match=folder[1].name):
        list(refusing.val_dataloader()[0])
    with pytest.raises(DataError, match=folder[1].name):
        [refusing._patches[number] for number in range(50)]
    skipping = Pictures(root, skip_broken=True, **options)
    skipping.setup("fit")
    assert len(list(skipping.val_dataloader()[0])) == 3
    assert len({skipping._patches[number]["name"] for number in range(50)}) == 3
