"""A run that is killed, or stopped by Ctrl-C, goes on from its last checkpoint in its own directory."""

from __future__ import annotations

import os
import signal
import time

import pytest
import torch

from tests.data.pictures import make_pictures
from tests.runs import call, only_run, start, words

pytestmark = pytest.mark.slow

LONG = ["--trainer.max_steps", "100000", "--model.scheduler.steps", "100000", "--data.patches_per_epoch", "8"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"), count=1)[0].parent


def wait_for_epochs(process, folder, steps):
    """Wait until a checkpoint of `steps` or more lies there; its steps."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        for file in folder.glob("runs/rcan_small/*/checkpoints/last.ckpt"):
            found = torch.load(file, weights_only=True)["global_step"]
            if found >= steps:
                return found
        time.sleep(0.1)
    raise AssertionError("no checkpoint came")


def resume(folder, pictures, steps):
    """Go on to `steps` in this process."""
    more = [*LONG, "--runs", str(folder / "runs"), "--ckpt_path", "last", "--trainer.max_steps", str(steps)]
    assert call(words("fit", pictures, *more, logger="csv")) == 0
    return torch.load(only_run(folder) / "checkpoints" / "last.ckpt", weights_only=True)


def test_a_killed_run_goes_on(tmp_path, pictures):
    process = start(words("fit", pictures, *LONG, logger="csv"), tmp_path)
    seen = wait_for_epochs(process, tmp_path, steps=8)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    run = only_run(tmp_path)
    saved = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert saved >= seen
    content = resume(tmp_path, pictures, saved + 8)
    assert content["global_step"] == saved + 8
    assert only_run(tmp_path) == run
    assert sorted(path.name for path in (run / "checkpoints").iterdir() if path.suffix == ".ckpt") == [
        "best.ckpt",
        "last.ckpt",
    ]
    assert (run / "best.safetensors").is_file()


@pytest.mark.parametrize("workers", ["0", "1"])
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, pictures, workers):
    """The whole group gets the signal, loading processes as well, as on a terminal."""
    process = start(words("fit", pictures, *LONG, "--data.workers", workers, logger="csv"), tmp_path)
    seen = wait_for_epochs(process, tmp_path, steps=4)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    lines = said.strip().splitlines()
    assert lines[-1].startswith("Stopped by Ctrl-C at step "), said
    assert "--ckpt_path last goes on" in lines[-1]
    assert "Traceback" not in said
    steps = int(lines[-1].split("step ")[1].split(";")[0])
    assert steps >= seen
    run = only_run(tmp_path)
    assert torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == steps
    assert resume(tmp_path, pictures, steps + 3)["global_step"] == steps + 3
    assert only_run(tmp_path) == run
