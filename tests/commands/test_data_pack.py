"""`data pack`: every file goes into one shard as it is, and a packing that stopped is never taken for a whole one."""

from __future__ import annotations

import errno
import json
import shutil
import sys
import tarfile

import pytest

from restore.data.shards import read_index, read_shard, write_shards
from restore.errors import ConfigError, DataError
from restore.main import main
from tests.data.pictures import make_pictures


@pytest.fixture
def pictures(tmp_path):
    return make_pictures(tmp_path / "pictures", count=7)


def packed(folder):
    """Every file's content, by the key and ending in the tar files."""
    index = read_index(str(folder))
    return [sample for number in range(len(index.shards)) for sample in read_shard(index, number)]


def test_every_file_is_packed_once_and_as_it_is(tmp_path, pictures, capsys):
    words = ["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / "shards"), "--megabytes", "0.015"]
    assert main(words) == 0
    said = capsys.readouterr().out
    samples = packed(tmp_path / "shards")
    assert sorted(sample["png"] for sample in samples) == sorted(path.read_bytes() for path in pictures)
    names = [sample["__key__"].split("-")[1] for sample in samples]
    assert sorted(names) == [path.stem for path in pictures]
    assert names != sorted(names), "the order is shuffled"
    index = read_index(str(tmp_path / "shards"))
    for shard in index.shards:
        with tarfile.open(tmp_path / "shards" / shard.name) as tar:
            assert len(tar.getnames()) == shard.pictures
    assert len(index.shards) > 2
    assert f"Packed 7 pictures into {len(index.shards)} shards" in said


def test_the_same_seed_packs_the_same_bytes(tmp_path, pictures):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        words = ["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / name), "--seed", seed]
        assert main(words) == 0
    first, second, third = ((tmp_path / name / "shard-000000.tar").read_bytes() for name in "abc")
    assert first == second != third


def test_pairs_are_packed_together(tmp_path):
    noisy = make_pictures(tmp_path / "pairs" / "noisy", count=2, seed=1)
    clean = make_pictures(tmp_path / "pairs" / "clean", count=2)
    assert main(["data", "pack", str(tmp_path / "pairs"), "--output", str(tmp_path / "shards")]) == 0
    assert read_index(str(tmp_path / "shards")).kind == "pairs"
    samples = sorted(packed(tmp_path / "shards"), key=lambda sample: sample["__key__"].split("-")[1])
    for sample, one, other in zip(samples, noisy, clean, strict=True):
        assert (sample["degraded.png"], sample["target.png"]) == (one.read_bytes(), other.read_bytes())


def test_broken_files_are_refused_or_named_and_left_out(tmp_path, pictures, capsys):
    pictures[3].write_bytes(pictures[3].read_bytes()[:200])
    words = ["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / "shards")]
    assert main(words) == 1
    assert "picture3.png is damaged" in capsys.readouterr().err
    assert not (tmp_path / "shards").exists()
    assert main([*words, "--skip-broken"]) == 0
    assert "left out: " in capsys.readouterr().err
    assert len(packed(tmp_path / "shards")) == 6


def test_shards_are_not_overwritten_unless_asked(tmp_path, pictures, capsys):
    words = ["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / "shards")]
    assert main([*words, "--megabytes", "0.001"]) == 0
    assert len(read_index(str(tmp_path / "shards")).shards) == 7
    assert main(words) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == ["index.json", "shard-000000.tar"]


@pytest.mark.parametrize("output", ["file.txt", "file.txt/shards"])
def test_a_file_is_no_place_for_shards(output, tmp_path, pictures, capsys):
    (tmp_path / "file.txt").write_text("mine")
    assert main(["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / output)]) == 1
    assert "file.txt is a file" in capsys.readouterr().err
    assert (tmp_path / "file.txt").read_text() == "mine"


@pytest.mark.parametrize("inside", [".", "sub/shards", "../pictures/sub"])
def test_shards_do_not_go_among_the_pictures(inside, pictures, capsys):
    folder = pictures[0].parent
    assert main(["data", "pack", str(folder), "--output", str(folder / inside)]) == 1
    assert "among the pictures" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == pictures


def test_a_place_that_cannot_be_written_is_said_before_pictures_are_read(tmp_path, pictures, monkeypatch, capsys):
    words = ["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / "locked" / "shards")]
    monkeypatch.setattr("restore.commands.data_pack._readable", None)
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)  # whoever runs the tests may write anywhere
    assert main(words) == 1
    assert f"no permission in {tmp_path}." in capsys.readouterr().err


def test_a_full_disk_is_said_and_leaves_no_index(tmp_path, pictures, monkeypatch, capsys):
    def full(*words):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert main(["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / "shards")]) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path / 'shards'} cannot be written: No space left on device. " in said
    assert "Traceback" not in said
    assert list((tmp_path / "shards").iterdir()) == []


def test_a_packing_that_stopped_is_refused(tmp_path, pictures):
    class Stopped(Exception):
        pass

    def stopping():
        yield (pictures[0],)
        yield (pictures[1],)
        raise Stopped

    with pytest.raises(Stopped):
        write_shards([(path,) for path in pictures], tmp_path / "shards", 0.001, stopping())
    with pytest.raises(DataError, match=r"index.json cannot be read"):
        read_index(str(tmp_path / "shards"))
    assert not list((tmp_path / "shards").glob(".*"))


@pytest.mark.parametrize("folder", ["none", "empty"])
def test_a_folder_without_pictures_is_said(tmp_path, folder, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["data", "pack", str(tmp_path / folder), "--output", str(tmp_path / "shards")]) == 1
    assert folder in capsys.readouterr().err


def test_a_shard_that_was_cut_or_changed_is_said(tmp_path, pictures):
    write_shards([(path,) for path in pictures], tmp_path / "shards")
    index, shard = read_index(str(tmp_path / "shards")), tmp_path / "shards" / "shard-000000.tar"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:6000])
    with pytest.raises(DataError, match=r"shard-000000.tar"):
        list(read_shard(index, 0))
    shutil.copy(pictures[0], shard)
    with pytest.raises(DataError, match=r"shard-000000.tar"):
        list(read_shard(index, 0))
    shard.unlink()
    with pytest.raises(DataError, match=r"shard-000000.tar"):
        list(read_shard(index, 0))


def test_an_index_of_another_version_or_kind_is_refused(tmp_path, pictures):
    write_shards([(pictures[0],)], tmp_path / "shards")
    index = tmp_path / "shards" / "index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"version": 2}))
    with pytest.raises(DataError, match="version 2"):
        read_index(str(tmp_path / "shards"))
    index.write_text("[]")
    with pytest.raises(DataError, match=r"restore data pack"):
        read_index(str(tmp_path / "shards"))


def test_a_url_that_would_run_a_command_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="pipe:"):
        read_index(f"pipe://touch {tmp_path / 'run'}")
    assert not (tmp_path / "run").exists()


def test_without_webdataset_it_is_said_what_to_install(tmp_path, pictures, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "webdataset", None)
    assert main(["data", "pack", str(pictures[0].parent), "--output", str(tmp_path / "shards")]) == 1
    assert 'pip install "restore[shards]"' in capsys.readouterr().err
