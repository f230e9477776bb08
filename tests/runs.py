"""Short runs for tests: the words of a tiny recipe, and starting them in this process or another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import restore.main

ROOT = Path(__file__).parents[1]
STEPS = 8
_TINY = """
--config rcan_small --model.network.width 8 --model.network.groups 1 --model.network.blocks 1
--model.network.attention ChannelAttention --model.network.attention.reduction 4
--model.scheduler.steps 8 --model.scheduler.warmup 1 --model.scheduler.decay 2
--data.workers 0 --data.patch_size 8 --data.batch_size 2 --data.patches_per_epoch 8
--trainer.max_steps 8 --trainer.log_every_n_steps 1 --trainer.precision 32-true --trainer.accelerator cpu
--trainer.enable_progress_bar false
"""
TINY = _TINY.split()
"""Two epochs of four steps."""


def words(command: str, folder: Path | None = None, *more: str, logger: str = "none") -> list[str]:
    """The words of a tiny run; `folder` holds the pictures to validate on."""
    data = ["--data.validation", f"{{small: {folder}}}", "--data.root", str(folder)] if folder else []
    return [command, *TINY, *data, "--logger", logger, *more]


def call(argv: list[str]) -> int:
    """Run a command in this process."""
    before = sys.argv
    os.environ.pop("RESTORE_RUN_DIR", None)
    try:
        return restore.main.main(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        sys.argv = before


def start(
    argv: list[str], cwd: Path, launcher: list[str] | None = None, terminal: int | None = None, **environment: str
) -> subprocess.Popen[str]:
    """Start cli.py in a process of its own, in `cwd`, with nothing to read from, or on a terminal."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RESTORE_RUN", "WANDB_"))}
    return subprocess.Popen(
        [sys.executable, *(launcher or []), str(ROOT / "cli.py"), *argv],
        cwd=cwd,
        env=clean | environment,
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.PIPE if terminal is None else terminal,
        text=True,
        start_new_session=True,
    )


def only_run(folder: Path, recipe: str = "rcan_small") -> Path:
    """The one run directory of a recipe under `folder`."""
    (run,) = (folder / "runs" / recipe).iterdir()
    return run
