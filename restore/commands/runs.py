"""Run directories: `runs/<recipe>/<time>`, one a run, reused only when the run is resumed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from restore.errors import CheckpointError
from restore.tasks import RestorationTask, read_checkpoint

_VARIABLE = "RESTORE_RUN_DIR"  # the other processes of a DDP run, started with the same words, share the first one's


def recipe_name(configs: list[str]) -> str:
    """The recipe's name: the stem of the last `--config`, or "run" where there is none."""
    return Path(configs[-1]).stem if configs else "run"


def new_run(runs: Path, recipe: str) -> Path:
    """A directory that no other run has; it is made when something is written."""
    given = os.environ.get(_VARIABLE)
    if given and "LOCAL_RANK" in os.environ:
        return Path(given)
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    run = runs / recipe / stamp
    count = 1
    while run.exists():
        count += 1
        run = runs / recipe / f"{stamp}_{count}"
    os.environ[_VARIABLE] = str(run)
    return run


def find_last(runs: Path, recipe: str) -> Path:
    """The newest last checkpoint of a recipe.

    Raises:
        CheckpointError: there is none.
    """
    found = sorted((runs / recipe).glob("*/checkpoints/last.ckpt"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise CheckpointError(
            f"--ckpt_path last: there is no checkpoint of '{recipe}' in {runs / recipe}. "
            "Leave --ckpt_path out to start, or name the file; --runs names another folder of runs."
        )
    return found[-1]


def check_fits(checkpoint: str, task: RestorationTask) -> None:
    """Compare a checkpoint with the task that a recipe builds, before anything runs.

    Raises:
        CheckpointError: it is damaged, holds more than names and numbers, or is of another network.
    """
    theirs, own = read_checkpoint(checkpoint)["state_dict"], task.state_dict()
    problems = [f"it lacks {name}" for name in own if name not in theirs]
    problems += [f"it has {name} besides" for name in theirs if name not in own]
    for name in own:
        if name in theirs and own[name].shape != theirs[name].shape:
            problems.append(f"{name} is {tuple(theirs[name].shape)} in it, {tuple(own[name].shape)} in the recipe")
    if problems:
        raise CheckpointError(
            f"{checkpoint} is of another network than the recipe's: {problems[0]} ({len(problems)} differences). "
            "Name its own recipe, or start from it with --init_from."
        )


def run_of(checkpoint: Path) -> Path:
    """The run directory that a checkpoint lies in."""
    return checkpoint.parent.parent if checkpoint.parent.name == "checkpoints" else checkpoint.parent
