"""The logger of a run, by one word: none, csv, tensorboard or wandb."""

from __future__ import annotations

import netrc
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from restore.errors import ConfigError

KINDS = ("none", "csv", "tensorboard", "wandb")


def make_logger(kind: str, run: Path, recipe: str) -> Logger | None:
    """The logger `kind`, writing under the run directory.

    wandb goes online where a login exists and offline where none does; it never prompts, and a network that does not
    answer makes it go offline. A resumed run keeps its id.

    Raises:
        ConfigError: another kind.
    """
    if kind == "none":
        return None
    if kind == "csv":
        return CSVLogger(run, name="csv", version="")
    if kind == "tensorboard":
        return TensorBoardLogger(run, name="tensorboard", version="")
    if kind == "wandb":
        return _wandb(run, recipe)
    raise ConfigError(f"There is no logger '{kind}'. Choose one of {', '.join(KINDS)}.")


def _wandb(run: Path, recipe: str) -> WandbLogger:
    import wandb

    memory = run / "wandb_id"
    run_id = memory.read_text().strip() if memory.is_file() else secrets.token_hex(4)
    mode = os.environ.get("WANDB_MODE") or ("online" if _has_login() else "offline")
    if mode == "offline":
        sys.stderr.write(f"W&B logs offline into {run}/wandb (no login found); `wandb sync` uploads it later.\n")
    run.mkdir(parents=True, exist_ok=True)
    memory.write_text(run_id)
    os.environ["WANDB_MODE"] = mode
    options: dict[str, Any] = {"init_timeout": 20, "silent": True, "console": "off"}
    return WandbLogger(
        name=f"{recipe}/{run.name}",
        save_dir=run,
        id=run_id,
        project=os.environ.get("WANDB_PROJECT", "restore"),
        resume="allow",
        log_model=False,
        settings=wandb.Settings(**options),
    )


def _has_login() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        hosts = netrc.netrc().hosts
    except (OSError, netrc.NetrcParseError):
        return False
    return any("wandb" in host for host in hosts)
