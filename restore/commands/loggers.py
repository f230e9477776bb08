"""The logger of a run, by one word: none, csv, tensorboard or wandb."""

from __future__ import annotations

import netrc
import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from restore.errors import ConfigError

KINDS = ("none", "csv", "tensorboard", "wandb")
PATIENCE = 20.0
"""Seconds that W&B's server has to answer before the run goes offline."""


def make_logger(kind: str, run: Path, recipe: str) -> Logger | None:
    """The logger `kind`, writing under the run directory, on the first rank only.

    wandb goes online where a login exists and offline where none does; it never prompts, and a key that is refused or
    a network that does not answer makes it go offline. A resumed run keeps its id. A resumed run's csv file is a new
    one beside the old.

    Raises:
        ConfigError: another kind.
    """
    if kind == "none":
        return None
    if kind == "csv":
        return CSVLogger(run, name="", version=_fresh(run, "csv"))
    if kind == "tensorboard":
        return TensorBoardLogger(run, name="tensorboard", version="")
    if kind == "wandb":
        return _wandb(run.absolute(), recipe)
    raise ConfigError(f"There is no logger '{kind}'. Choose one of {', '.join(KINDS)}.")


def _fresh(run: Path, name: str) -> str:
    """`name`, or `name_2`, ... where an earlier start of the run has written: Lightning would delete that."""
    count = 1
    while (run / (name if count == 1 else f"{name}_{count}") / "metrics.csv").exists():
        count += 1
    return name if count == 1 else f"{name}_{count}"


def _wandb(run: Path, recipe: str) -> WandbLogger:
    """A logger whose run is open, online or not."""
    for variable in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR"):
        os.environ.setdefault(variable, str(run / "wandb"))  # else artifacts are copied to the home folder
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    if getattr(rank_zero_only, "rank", 0) != 0:
        return WandbLogger(save_dir=run)  # answers nothing and opens nothing
    memory = run / "wandb_id"
    run_id = memory.read_text().strip() if memory.is_file() else secrets.token_hex(4)
    (run / "wandb").mkdir(parents=True, exist_ok=True)
    memory.write_text(run_id)
    mode = os.environ.get("WANDB_MODE") or "online"
    if mode == "online" and not _has_login():
        mode = "offline"  # it would ask for a key, or fail
    options: dict[str, Any] = {
        "name": f"{recipe}/{run.name}",
        "save_dir": run,
        "id": run_id,
        "project": os.environ.get("WANDB_PROJECT", "restore"),
        "resume": "allow" if mode == "online" else None,
        "log_model": False,
    }
    settings = wandb.Settings(init_timeout=PATIENCE, silent=True, console="off")
    try:
        logger = _opened(options, mode, settings)
    except (wandb.Error, ValueError, OSError) as error:
        if mode != "online":
            raise
        sys.stderr.write(f"W&B cannot be reached or refuses the login ({str(error).splitlines()[0][:120]}).\n")
        mode = "offline"
        wandb.teardown()  # the run that failed to open still holds the id
        logger = _opened(options | {"resume": None}, mode, settings)
    if mode == "offline":
        sys.stderr.write(f"W&B logs offline into {run}/wandb; `wandb login` and `wandb sync` bring it online.\n")
    return logger


def _opened(options: dict[str, Any], mode: str, settings: Any) -> WandbLogger:
    logger = WandbLogger(**options, mode=mode, settings=settings)
    logger._wandb_init.pop("anonymous", None)  # wandb warns of Lightning's default
    _ = logger.experiment
    return logger


def _has_login() -> bool:
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    server = urlparse(os.environ.get("WANDB_BASE_URL", "")).hostname
    try:
        hosts = netrc.netrc(os.environ.get("NETRC")).hosts
    except (OSError, netrc.NetrcParseError):
        return False
    return any("wandb" in host or "coreweave" in host or host == server for host in hosts)
