"""Reads an offline run of W&B: LevelDB's log format in blocks of 32 KiB, behind a file header of 7 bytes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEADER = 32768, 7
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def records(file: Path) -> list[Record]:
    """Every record of a `.wandb` file."""
    data = file.read_bytes()
    assert data[:4] == b":W&B"
    found, part, at = [], b"", HEADER
    while at + HEADER <= len(data):
        left = BLOCK - at % BLOCK
        if left < HEADER:
            at += left
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        part += data[at + HEADER : at + HEADER + length]
        at += HEADER + length
        if kind in (_WHOLE, _LAST):
            found.append(Record.FromString(part))
            part = b""
        elif kind not in (_FIRST, _MIDDLE):
            break
    return found


def read(file: Path) -> SimpleNamespace:
    """Run id, config, history rows, artifacts and exit code of an offline run."""
    run = SimpleNamespace(id=None, config={}, history=[], artifacts=[], exit_code=None, file=file)
    for record in records(file):
        if record.HasField("run"):
            run.id = record.run.run_id
            run.config |= _config(record.run.config.update)
        elif record.HasField("config"):
            run.config |= _config(record.config.update)
        elif record.HasField("history"):
            row = {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            run.history.append(row)
        elif record.HasField("artifact"):
            run.artifacts.append(record.artifact)
        elif record.HasField("request") and record.request.HasField("log_artifact"):
            run.artifacts.append(record.request.log_artifact.artifact)
        elif record.HasField("exit"):
            run.exit_code = record.exit.exit_code
    return run


def _config(updates: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in updates}
