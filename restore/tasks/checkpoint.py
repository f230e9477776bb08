"""Opening a task's checkpoint, which a stranger may have written.

Nothing is unpickled but tensors, names and numbers; of what the names say, only classes of `restore`, `torch.nn` and
`torch.optim` are built, and nothing else is even imported.
"""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from restore.degradation import Degradation
from restore.errors import CheckpointError, RestoreError
from restore.tasks.restoration import RestorationTask
from restore.zoo import build
from restore.zoo.build import NETWORK_PARTS, Allowed, build_options, resolve

_TASKS = Allowed(("restore.tasks",), (), (RestorationTask,))
_PARTS = Allowed(
    (*NETWORK_PARTS.rooms, "restore.degradation", "restore.losses", "restore.tasks.schedule", "restore.tasks"),
    (*NETWORK_PARTS.torch, "torch.optim"),
    (nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler),
)
_INSTANTIATOR = "pytorch_lightning.cli.instantiate_module"  # what the command line leaves; it is never called


def load_task(path: str | Path, kind: type[RestorationTask] | None = None, **options: Any) -> RestorationTask:
    """The task that a checkpoint holds, of the class it was, with its weights (the average, where EMA kept one).

    Args:
        path: a `.ckpt` of a run.
        kind: the class of a task that was built in Python, whose checkpoint does not name it.
        options: take the place of what the checkpoint says; a task that was built in Python needs at least `network`.

    Raises:
        CheckpointError: the file cannot be read, names what is not ours, or its weights do not fit.
    """
    content = read_checkpoint(path)
    saved = content.get("hyper_parameters")
    saved = dict(saved) if isinstance(saved, Mapping) else {}
    try:
        task = _build(saved, kind, options)
        task.load_state_dict(content["state_dict"])
    except RestoreError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"{path} does not fit its own task. {str(error).splitlines()[0]}") from error
    return task


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a task's checkpoint: tensors, names and numbers.

    Raises:
        CheckpointError: there is no such file, it is damaged, holds more than that, or is not of a training run.
    """
    if not Path(path).is_file():
        raise CheckpointError(f"There is no checkpoint {path}. Check the path.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is damaged, or holds more than names and numbers and is not opened, because code could be in it. "
            "Use a checkpoint that restore wrote."
        ) from error
    except (RuntimeError, EOFError, OSError, KeyError, ValueError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is damaged or no checkpoint ({reason}). Copy it again.") from error
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), Mapping):
        raise CheckpointError(f"{path} is no checkpoint of a training run. --init_from takes weights files.")
    return content


def _build(saved: dict[str, Any], kind: type[RestorationTask] | None, options: dict[str, Any]) -> RestorationTask:
    instantiator, named = saved.pop("_instantiator", None), saved.pop("_class_path", None)
    if instantiator not in (None, _INSTANTIATOR):
        raise CheckpointError(f"It asks to be built by {instantiator!r}, which is not done.")
    cls = kind if named is None or _is_named(kind, named) else resolve(named, _TASKS)
    if not isinstance(cls, type) or not issubclass(cls, RestorationTask) or inspect.isabstract(cls):
        what = "names no task" if named is None else f"names {named}, which is no task"
        raise CheckpointError(f"The checkpoint {what}. Call load_from_checkpoint of the class, e.g. Denoising.")
    saved = {name: value for name, value in saved.items() if name not in options}
    if "network" not in saved and "network" not in options:
        raise CheckpointError("The task was built in Python, so its network is not in the checkpoint. Give network=...")
    if "network" in saved:
        options = options | {"network": build(saved.pop("network"))}
    built = build_options(cls, saved, _PARTS) | options
    degradation = built.get("degradation")
    if degradation is not None and not isinstance(degradation, Degradation):
        raise CheckpointError(f"Its degradation is a {type(degradation).__name__}.")
    return cls(**built)


def _is_named(kind: type | None, named: Any) -> bool:
    return kind is not None and named == f"{kind.__module__}.{kind.__qualname__}"
