"""Names, shapes and numbers of every published variant, without a weight: built on the meta device."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from .adapters import STATE_DICT_ADAPTERS, Record
from .goldens import FOLDER, no_adapter

_PREFIX = "statedict_"


def _records() -> list[tuple[str, Record]]:
    """(network, one variant) of statedict_NETWORK.json, packed or not; those of single modules apart."""
    found = []
    for path in sorted(FOLDER.glob(f"{_PREFIX}*.json*")):
        network = path.name.split(".")[0].removeprefix(_PREFIX)
        if not network.startswith("modules"):
            found += [(network, {"name": name} | variant) for name, variant in _read(path).items()]
    return found


def _read(path: Path) -> dict[str, Record]:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _name(value: str | Record) -> str:
    return value if isinstance(value, str) else value["name"]


@pytest.mark.parametrize(("network", "record"), _records(), ids=_name)
def test_has_the_tensors_of_the_published_variant(network: str, record: Record):
    if network not in STATE_DICT_ADAPTERS:
        no_adapter("network", network)
    with torch.device("meta"):
        adapted = STATE_DICT_ADAPTERS[network](record)
    own = adapted.module.state_dict()
    dead = adapted.dead

    assert set(adapted.table.values()) == own.keys()
    assert dead.keys().isdisjoint(adapted.table)
    assert {name: tuple(record["state_dict"][name]) for name in dead} == dead
    official = {name: tuple(shape) for name, shape in record["state_dict"].items() if name not in dead}
    constants = {name: tuple(value.shape) for name, value in adapted.constants.items()}
    assert constants == {name: official.pop(name) for name in constants}
    assert {theirs: tuple(own[ours].shape) for theirs, ours in adapted.table.items()} == official
    dropped = sum(torch.Size(record["state_dict"][name]).numel() for name in dead)
    count = sum(parameter.numel() for parameter in adapted.module.parameters())
    assert count == record["n_params_without_meanshift"] - dropped


def test_every_variant_of_these_networks_was_there():
    """The reference's public set; another one may hold others."""
    if Path(__file__).parent / "goldens" != FOLDER:
        pytest.skip("another set of goldens")
    counts = {name: sum(network == name for network, _ in _records()) for name in STATE_DICT_ADAPTERS}
    assert all(counts.values()), counts
    assert [counts[name] for name in ("rcan", "dncnn", "edsr", "mdsr", "rdn", "carn")] == [5, 8, 7, 3, 7, 3]
    assert [counts[name] for name in ("san", "rnan", "han")] == [5, 9, 5]
    assert [counts[name] for name in ("mwcnn", "mwrcanet")] == [3, 3]
    assert counts["swinir"] == 15
