"""benchmarks/networks.py: rows one by one into a file, the same command goes on, the table and what is kept of it."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import restore.networks
from restore.attention import CovariancePooling
from restore.networks import RNAN, SAN
from tests.parity.rules import fill

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "benchmarks" / "networks.py"


@pytest.fixture
def scripts(monkeypatch):
    """The folder of benchmarks can be imported from."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))


def run(monkeypatch, capsys, *words: str) -> str:
    """What the script prints, its rows measured in this process."""
    import networks

    monkeypatch.setattr(sys, "argv", ["networks.py", *words])
    monkeypatch.setattr(networks, "in_own_process", networks.measure)
    networks.main()
    return capsys.readouterr().out


def test_rows_are_kept_and_the_same_command_goes_on(scripts, monkeypatch, capsys, tmp_path):
    file = tmp_path / "rows.jsonl"
    words = ["--networks", "imdn_rtc", "--settings", "nhwc", "--size", "16", "--at_most", "0", "--output", str(file)]
    assert "2 rows to measure" in run(monkeypatch, capsys, *words)
    forward, step = (json.loads(line) for line in file.read_text().splitlines())
    assert (forward["work"], step["work"]) == ("forward", "step")
    assert 0 < forward["bytes"] < step["bytes"]
    assert forward["seconds"] > 0
    assert forward["multiply_adds"] == step["multiply_adds"] > 0
    assert forward["parameters"] == sum(p.numel() for p in restore.networks.IMDNRTC().parameters())
    file.write_text(json.dumps(forward) + "\n" + json.dumps(step)[:50])  # stopped while it wrote
    assert "1 rows to measure" in run(monkeypatch, capsys, *words)
    assert "0 rows to measure" in run(monkeypatch, capsys, *words)
    table = run(monkeypatch, capsys, "--markdown", "--output", str(file)).splitlines()
    assert table[2].startswith(f"| imdn_rtc | 16x16 | {forward['parameters']:,} | ")
    assert table[2].count(" s |") == 2


@pytest.mark.slow
def test_a_row_has_a_process_of_its_own_and_a_failure_is_a_row(tmp_path):
    file = tmp_path / "rows.jsonl"
    words = ["--networks", "imdn_rtc", "--settings", "nhwc", "forward", "--size", "0", "--output", str(file)]
    subprocess.run([sys.executable, str(SCRIPT), *words], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    (row,) = (json.loads(line) for line in file.read_text().splitlines())
    assert row["error"]
    assert row["commit"]


def test_the_best_setting_of_a_class_is_kept_where_it_is_clearly_quicker(scripts, tmp_path, monkeypatch):
    import networks_table

    kept = []
    monkeypatch.setattr(networks_table, "write_fastest", lambda found: kept.extend(found) or tmp_path)
    shared = {"mode": "eager", "attention": "ours", "work": "forward", "size": 64, "device_kind": "cpu"}
    times = {
        ("edsr", "nchw"): 1.0,
        ("edsr", "nhwc"): 2.0,
        ("edsr_baseline", "nchw"): 1.0,
        ("edsr_baseline", "nhwc"): 0.9,
        ("rcan", "nchw"): 1.0,
        ("rcan", "nhwc"): 1.01,  # as good as equal: the rule's
        ("san", "nchw"): 1.0,  # with nothing beside
    }
    rows = [
        shared
        | {
            "network": name,
            "class": name.split("_")[0].upper(),
            "layout": layout,
            "precision": "fp32",
            "seconds": value,
        }
        for (name, layout), value in times.items()
    ]
    rows.append(rows[0] | {"mode": "compiled", "layout": "nhwc", "seconds": 0.01})
    rows.append({name: value for name, value in rows[5].items() if name != "seconds"} | {"error": "killed"})
    networks_table.store(rows[:-1])
    assert kept == [("cpu", "EDSR", "forward", ("fp32", False)), ("cpu", "RCAN", "forward", ("fp32", True))]


def test_the_plain_forms_compute_the_same(scripts):
    from plain_attention import make_plain

    for network in (SAN(2, 3, 16, groups=1, blocks=1), RNAN(1, 3, 8, groups=2)):
        fill(network)
        picture = torch.rand(1, 3, 11, 12)
        with torch.no_grad():
            ours = network(picture)
            make_plain(network)
            torch.testing.assert_close(network(picture), ours, rtol=1e-4, atol=1e-5)
    x = torch.rand(1, 4, 5, 6, dtype=torch.float64)
    pool = torch.nn.Sequential(CovariancePooling())
    ours = pool(x)
    make_plain(pool)
    torch.testing.assert_close(pool(x), ours)


def test_every_network_is_measured(scripts):
    from published_networks import LARGE, NETWORKS

    exported = [getattr(restore.networks, name) for name in restore.networks.__all__]
    concrete = {cls for cls in exported if inspect.isclass(cls) and not inspect.isabstract(cls)}
    measured = {
        make if isinstance(make, type) else make.__globals__[make.__code__.co_names[0]] for make in NETWORKS.values()
    }
    assert measured == concrete
    assert set(LARGE) <= NETWORKS.keys()
