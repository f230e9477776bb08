"""Where a number comes from: date, commit, machine, versions."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path

import torch

import restore


def origin() -> dict[str, str]:
    """Date, commit, machine, Python and torch, each in a few words."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def commit() -> str:
    """The commit that runs, with "+ changes" where files differ from it; the version where this is no clone."""
    root = Path(restore.__file__).parents[1]
    if not (root / ".git").exists():
        return f"restore {restore.__version__}"
    try:
        name = _git(root, "rev-parse", "--short", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return f"restore {restore.__version__}"
    return f"{name} + changes" if changed else name


def machine() -> str:
    """Processor, how many cores, GPU."""
    text = f"{_processor()}, {os.cpu_count()} cores"
    return f"{text}, {torch.cuda.get_device_name()}" if torch.cuda.is_available() else text


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return " ".join(names[0].split()) if names else platform.processor() or platform.machine()


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()
