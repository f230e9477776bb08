"""The cache on the disk: the pixels of the files, decoded once, and never half of them."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from PIL import Image

import restore.data.disk_cache
from restore.data import DiskCache, Pictures, cache_folder
from restore.data.pixel_file import PixelFile
from restore.errors import ConfigError, DataError
from restore.images import Picture, read_pixels, write_picture
from tests.data.pictures import make_pictures
from tests.runs import ROOT


@pytest.fixture
def paths(tmp_path):
    return make_pictures(tmp_path / "pictures", count=4)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that were decoded, in order."""
    names = []
    decode = restore.data.disk_cache.decode_training

    def counted(data, path, *form):
        names.append(path.name)
        return decode(data, path, *form)

    monkeypatch.setattr(restore.data.disk_cache, "decode_training", counted)
    return names


def check_pixels(cache, paths, channels=3):
    assert all(np.array_equal(cache[index], read_pixels(path, channels)) for index, path in enumerate(paths))


def age(*paths, seconds=60):
    """Make files look as if they had lain there for some time."""
    for path in paths:
        os.utime(path, (time.time() - seconds,) * 2)


def test_pictures_are_decoded_once_for_all_runs(paths, folder, decoded, capsys):
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert sorted(decoded) == sorted(path.name for path in paths)
    assert "Decoded 4 pictures" in capsys.readouterr().err
    check_pixels(DiskCache(paths[::-1], folder=folder), paths[::-1])  # the order does not matter
    assert len(decoded) == 4
    assert capsys.readouterr().err == ""
    assert len(list(folder.glob("*.pixels"))) == 1


def test_gray_and_halved_pictures_are_other_files(paths, folder):
    check_pixels(DiskCache(paths, 1, folder=folder), paths, 1)
    assert DiskCache(paths, halve_above=45, folder=folder)[0].shape == (20, 28, 3)
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert len(list(folder.glob("*.pixels"))) == 3


def test_a_crop_of_a_large_picture_reads_no_more_than_itself(tmp_path, folder):
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 3000, 1), np.uint8)
    write_picture(tmp_path / "large.png", Picture(pixels))
    cache = DiskCache([tmp_path / "large.png"], 1, folder=folder)
    tracemalloc.start()
    crop = cache[0][900:948, 1700:1748].copy()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(crop, pixels[900:948, 1700:1748])
    assert peak < 50_000  # the picture has six million bytes, the crop 2304
    assert not cache[0].flags.owndata
    assert not cache[0].flags.writeable


def test_the_key_is_the_content_and_not_the_name(tmp_path, paths, folder, decoded):
    DiskCache(paths, folder=folder)
    copies = [tmp_path / f"copy{number}.png" for number in range(4)]
    for path, copy in zip(paths, copies, strict=True):
        shutil.copy(path, copy)
    check_pixels(DiskCache(copies, folder=folder), paths)
    age(*paths)
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert len(decoded) == 4


def test_unchanged_files_are_not_read_again(paths, folder, monkeypatch):
    age(*paths)
    DiskCache(paths, folder=folder)
    monkeypatch.setattr("restore.data.digests.read_file", lambda path: pytest.fail(f"read {path}"))
    assert len(DiskCache(paths, folder=folder)) == 4


@pytest.mark.parametrize("how", ["other size", "other file of the same size and time", "in place, at once"])
def test_a_changed_picture_is_never_served_from_the_cache(tmp_path, paths, folder, how):
    files = [path.with_suffix(".bmp") for path in paths[:2]]
    for path, file in zip(paths, files, strict=False):
        Image.fromarray(read_pixels(path, 3)[:40, :40]).save(file)
    if how != "in place, at once":
        age(*files)
    status = files[0].stat()
    assert status.st_size == files[1].stat().st_size
    DiskCache(files, folder=folder)
    if how == "other size":
        shutil.copy(paths[2], files[0])
    elif how == "in place, at once":
        files[0].write_bytes(files[1].read_bytes())
    else:
        shutil.copy(files[1], tmp_path / "new")
        os.replace(tmp_path / "new", files[0])
    os.utime(files[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    check_pixels(DiskCache(files, folder=folder), files)


def test_the_same_picture_twice_is_decoded_once(paths, folder, decoded):
    twice = [*paths, shutil.copy(paths[0], paths[0].with_name("again.png"))]
    check_pixels(DiskCache(twice, folder=folder), twice)
    assert len(decoded) == 4


SCRIPT = """
import os, sys, time
from pathlib import Path
import restore.data.disk_cache as module

decode, log = module.decode_training, Path(sys.argv[3])

def slow(data, path, *form):
    with log.open("a") as file:
        file.write(path.name + chr(10))
    time.sleep(float(sys.argv[4]))
    return decode(data, path, *form)

module.decode_training = slow
paths = sorted(Path(sys.argv[1]).iterdir())
cache = module.DiskCache(paths, folder=Path(sys.argv[2]))
print(sum(int(cache[index].sum()) for index in range(len(cache))))
"""


def builder(paths, folder, log, seconds):
    words = [sys.executable, "-c", SCRIPT, str(paths[0].parent), str(folder), str(log), str(seconds)]
    return subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_a_builder_that_is_killed_leaves_nothing_that_is_read(tmp_path, paths, folder):
    process = builder(paths, folder, tmp_path / "log", 60)
    deadline = time.monotonic() + 120
    while not (tmp_path / "log").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert list(folder.glob("*.part"))
    assert not list(folder.glob("*.pixels"))
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert not list(folder.glob("*.part"))


def test_of_two_builders_one_decodes_and_the_other_waits(tmp_path, paths, folder):
    both = [builder(paths, folder, tmp_path / "log", 1) for _ in range(2)]
    said = [process.communicate(timeout=200) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    total = sum(int(read_pixels(path, 3).sum()) for path in paths)
    assert [int(out) for out, _ in said] == [total, total]
    assert sorted((tmp_path / "log").read_text().split()) == [path.name for path in paths]
    assert "".join(errors for _, errors in said).count("Decoded 4 pictures") == 1
    assert len(list(folder.glob("*.pixels"))) == 1


@pytest.mark.parametrize("size", [0, 5, 16, 1000, -1])
def test_a_file_that_was_cut_short_is_made_anew(paths, folder, decoded, size):
    DiskCache(paths, folder=folder)
    (file,) = folder.glob("*.pixels")
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(DataError):
        PixelFile(file)
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert len(decoded) == 8


def test_a_broken_picture_is_named_and_nothing_is_left(paths, folder):
    paths[2].write_bytes(paths[2].read_bytes()[:150])
    with pytest.raises(DataError, match=r"picture2\.png is damaged"):
        DiskCache(paths, folder=folder)
    assert not [path for path in folder.iterdir() if path.suffix in (".pixels", ".part")]


def test_a_picture_that_changes_while_it_is_decoded_is_said(paths, folder, monkeypatch):
    monkeypatch.setattr(restore.data.disk_cache, "content_digests", lambda files, memory: ["0" * 64, *"abc"])
    with pytest.raises(DataError, match="was changed while it was decoded"):
        DiskCache(paths, folder=folder)
    assert not list(folder.glob("*.p*"))


def test_what_is_above_the_cap_is_decoded_on_demand_and_said(paths, folder, capsys):
    size = read_pixels(paths[-1], 3).nbytes
    small = DiskCache(paths, gigabytes=2.5 * size / 1e9, folder=folder)
    check_pixels(small, paths)
    assert "holds 2 of 4 pictures" in capsys.readouterr().err
    assert sum(path.stat().st_size for path in folder.glob("*.pixels")) < 2.5 * size
    large = DiskCache(paths, folder=folder)
    check_pixels(large, paths)
    assert "holds" not in capsys.readouterr().err, "more room: made anew"


def test_the_set_that_was_used_longest_ago_makes_room(tmp_path, folder):
    sets = [make_pictures(tmp_path / name, count=2, seed=seed) for seed, name in enumerate("abc")]
    size = sum(read_pixels(path, 3).nbytes for path in sets[0])
    first = DiskCache(sets[0], gigabytes=2.7 * size / 1e9, folder=folder)
    second = DiskCache(sets[1], gigabytes=2.7 * size / 1e9, folder=folder)
    age(first.file, seconds=90)
    age(second.file, seconds=60)
    DiskCache(sets[0], gigabytes=2.7 * size / 1e9, folder=folder)  # used again
    third = DiskCache(sets[2], gigabytes=2.7 * size / 1e9, folder=folder)
    assert sorted(folder.glob("*.pixels")) == sorted([first.file, third.file])
    check_pixels(second, sets[1])  # a run that has mapped it keeps it
    check_pixels(pickle.loads(pickle.dumps(second)), sets[1])  # a new process decodes


def test_a_full_disk_leaves_the_rest_to_be_decoded(paths, folder, monkeypatch, capsys):
    write, calls = os.pwrite, []

    def full(*words):
        calls.append(1)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(*words)

    monkeypatch.setattr(os, "pwrite", full)
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert "holds 2 of 4 pictures" in capsys.readouterr().err


def test_some_of_the_disk_is_left_to_others(paths, folder, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    check_pixels(DiskCache(paths, folder=folder), paths)
    assert "holds 0 of 4 pictures" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(tmp_path, paths):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cache_folder"):
        DiskCache(paths, folder=tmp_path / "file" / "cache")


def test_the_cache_travels_to_a_spawned_process(paths, folder):
    cache = DiskCache(paths, folder=folder)
    text = pickle.dumps(cache)
    assert len(text) < 10_000
    check_pixels(pickle.loads(text), paths)


def test_the_folder_is_where_users_expect_it(monkeypatch, tmp_path):
    monkeypatch.setenv("RESTORE_CACHE", "/scratch/me")
    assert str(cache_folder()) == "/scratch/me"
    monkeypatch.delenv("RESTORE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert str(cache_folder()) == "/xdg/restore"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "restore"


@pytest.mark.parametrize("pairs", [False, True])
def test_the_stream_is_the_same_whatever_keeps_the_pictures(tmp_path, folder, pairs):
    if pairs:
        make_pictures(tmp_path / "set" / "noisy", count=3, seed=1)
        make_pictures(tmp_path / "set" / "clean", count=3)
    else:
        make_pictures(tmp_path / "set", count=3)
    streams = []
    for cache in ("none", "memory", "disk", "disk"):
        data = Pictures(
            root=str(tmp_path / "set"), patch_size=8, batch_size=4, patches_per_epoch=12, workers=0, cache=cache,
            cache_folder=str(folder),
        )  # fmt: skip
        data.setup("fit")
        batches = list(data.train_dataloader())
        halves = ("target", "degraded") if pairs else ("target",)
        streams.append([batch[half].numpy().tobytes() for batch in batches for half in halves])
    assert len(streams[0]) == (6 if pairs else 3)
    assert all(stream == streams[0] for stream in streams)
    assert len(list(folder.glob("*.pixels"))) == 1
