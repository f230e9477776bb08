"""W&B without a login, without a network, and without a terminal: the run goes on, and everything is in its file."""

from __future__ import annotations

import os
import pty
import time
from pathlib import Path

import pytest

from restore.commands.loggers import KINDS, PATIENCE, make_logger
from restore.errors import ConfigError
from tests.data.pictures import make_pictures
from tests.offline_wandb import read
from tests.runs import only_run, start, words

KEY = "0123456789abcdef" * 2 + "01234567"  # looks valid


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"))[0].parent


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An empty home folder: no login, and nothing may be left in it."""
    return tmp_path_factory.mktemp("home")


def fit(folder, pictures, home, *more, **environment):
    """Status, what was said, and how long it took."""
    began = time.monotonic()
    process = start(words("fit", pictures, *more, logger="wandb"), folder, HOME=str(home), **environment)
    _, said = process.communicate(timeout=500)
    return process.returncode, said, time.monotonic() - began


def offline_runs(run: Path):
    return [read(file) for file in sorted(run.glob("wandb/offline-run-*/*.wandb"))]


@pytest.fixture(scope="module")
def runs(tmp_path_factory, pictures, home):
    """A run without a login, with its stdin closed, and the same run resumed."""
    folder = tmp_path_factory.mktemp("offline")
    first = fit(folder, pictures, home)
    assert first[0] == 0, first[1]
    more = ["--ckpt_path", "last", "--trainer.max_steps", "12", "--model.scheduler.steps", "12"]
    second = fit(folder, pictures, home, *more)
    assert second[0] == 0, second[1]
    return first, second, offline_runs(only_run(folder)), only_run(folder)


def test_without_a_login_the_run_is_offline_and_says_so_once(runs):
    (_, said, _), _, found, run = runs
    assert said.count("W&B logs offline into") == 1
    assert "wandb:" not in said
    lines = [line for line in said.splitlines() if not line.startswith("Decoded 3 pictures into")]  # cached or not
    where, network, speed, *advice, best = lines
    assert where.startswith("W&B logs offline into")
    assert network.startswith("RCAN:")
    assert "images a second" in speed
    assert best.startswith("Stopped at step 8.")
    assert advice == [] or advice[0] == "To wait less:"  # a busy machine may wait for its pictures
    assert all(line.startswith("  ") for line in advice[1:])
    assert len(found) == 2
    assert run.is_dir()


def test_metrics_are_in_the_run_file(runs):
    history = [row for row in runs[2][0].history if "train/loss" in row]
    assert [row["trainer/global_step"] for row in history] == list(range(8))
    assert all({"train/psnr", "train/images_per_second"} <= set(row) for row in history)
    validated = [row for row in runs[2][0].history if "val/psnr" in row]
    assert len(validated) == 2
    assert all(row["val/small/psnr"] == row["val/psnr"] for row in validated)


def test_the_resolved_recipe_is_in_the_run_file(runs):
    config = runs[2][0].config
    assert config["model"]["class_path"] == "restore.tasks.SuperResolution"
    assert config["model"]["init_args"]["network"]["init_args"]["width"] == 8
    assert config["model"]["init_args"]["optimizer"]["init_args"]["lr"] == 0.0005
    assert config["data"]["init_args"]["patch_size"] == 8
    assert config["trainer"]["max_steps"] == 8
    assert config["seed_everything"] == 0
    assert config["protocol"] == config["model"]["init_args"]["protocol"] == "sr-y"  # the recipe leaves it out


def test_sample_pictures_are_in_the_run(runs):
    rows = [row for row in runs[2][0].history if any(key.startswith("val/small/picture0") for key in row)]
    assert len(rows) == 2
    pictures = list(runs[2][0].file.parent.rglob("*.png"))
    assert len(pictures) == 4
    assert "degraded | restored | target (sr-y)" in str(rows[0])


def test_the_best_weights_are_an_artifact_and_staged_nowhere_else(runs, home):
    (artifact,) = runs[2][0].artifacts
    assert artifact.type == "model"
    assert [entry.path for entry in artifact.manifest.contents] == ["best.safetensors"]
    assert "best" in artifact.aliases
    assert not [path for path in home.rglob("*") if path.is_file() and path.stat().st_size > 4096]


def test_the_runs_end_is_in_the_file(runs):
    assert [run.exit_code for run in runs[2]] == [0, 0]


def test_a_resumed_run_keeps_its_id(runs):
    found, run = runs[2:]
    assert found[0].id == found[1].id == (run / "wandb_id").read_text()
    steps = [row["trainer/global_step"] for row in found[1].history if "train/loss" in row]
    assert steps == [8, 9, 10, 11]


@pytest.mark.slow
def test_a_key_that_no_server_answers_to_ends_offline_in_bounded_time(tmp_path, pictures, home):
    server = "http://127.0.0.1:9"  # nobody listens
    status, said, took = fit(tmp_path, pictures, home, WANDB_API_KEY=KEY, WANDB_BASE_URL=server)
    assert status == 0, said
    assert "W&B cannot be reached or refuses the login" in said
    assert said.count("W&B logs offline into") == 1
    (run,) = offline_runs(only_run(tmp_path))
    assert len([row for row in run.history if "train/loss" in row]) == 8
    assert took < PATIENCE + 120


@pytest.mark.slow
def test_on_a_terminal_nothing_is_asked(tmp_path, pictures, home):
    """A pty for stdin, stdout and stderr: W&B would ask for a key there."""
    main, side = pty.openpty()
    try:
        os.set_blocking(main, False)
        process = start(words("fit", pictures, "--trainer.max_steps", "1", logger="wandb"), tmp_path,
                        terminal=side, HOME=str(home), WANDB_MODE="online")  # fmt: skip
        said, deadline = b"", time.monotonic() + 400
        while process.poll() is None:
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
            said += _available(main)
        said += _available(main)
    finally:
        os.close(side)
        os.close(main)
    assert process.returncode == 0, said
    assert b"W&B logs offline" in said
    assert b"choice" not in said


def _available(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except BlockingIOError:
        return b""


def test_every_kind_is_made_by_its_word(tmp_path):
    assert make_logger("none", tmp_path, "recipe") is None
    assert {type(make_logger(kind, tmp_path, "recipe")).__name__ for kind in ("csv", "tensorboard")} == {
        "CSVLogger",
        "TensorBoardLogger",
    }
    with pytest.raises(ConfigError, match=", ".join(KINDS)):
        make_logger("wand", tmp_path, "recipe")


def test_a_resumed_runs_csv_file_lies_beside_the_old(tmp_path):
    for expected in ("csv", "csv_2", "csv_3"):
        logger = make_logger("csv", tmp_path, "recipe")
        assert logger is not None
        logger.log_metrics({"a": 1.0}, step=0)
        logger.save()
        assert (tmp_path / expected / "metrics.csv").is_file()
