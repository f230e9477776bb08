"""Two processes are one: gloo, started by Lightning and by torchrun as two nodes on one host."""

from __future__ import annotations

import csv
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.data.pictures import make_pictures
from tests.runs import ROOT, call, only_run, start, words

pytestmark = pytest.mark.slow

STEPS = 4
SAME = ["--model.optimizer", "torch.optim.SGD", "--model.optimizer.lr", "0.01", "--model.scheduler.warmup", "0"]
SAME += ["--model.scheduler.decay", "0", "--trainer.max_steps", str(STEPS), "--data.patches_per_epoch", "16"]
TWO = ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
NODES = ["--trainer.num_nodes", "2", "--trainer.devices", "1", "--trainer.strategy", "ddp"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Five: two processes cannot share them evenly."""
    return make_pictures(tmp_path_factory.mktemp("pictures"), count=5)[0].parent


def probed(folder, *more):
    probe = ["--trainer.callbacks+=tests.probe.Probe", f"--trainer.callbacks.folder={folder / 'probe'}"]
    return [*SAME, *more, *probe]


def finish(*processes, timeout=500):
    """Wait for processes; what they said."""
    said = [process.communicate(timeout=timeout) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said
    return said


def result(folder: Path, ranks: int, said=()):
    run = only_run(folder)
    rows = list(csv.DictReader((run / "csv" / "metrics.csv").open()))
    found = [torch.load(folder / "probe" / f"rank{rank}.pt", weights_only=True) for rank in range(ranks)]
    return SimpleNamespace(run=run, rows=rows, ranks=found, said=said)


def scores(rows, stage="val"):
    keys = [f"{stage}/{name}" for name in ("small/psnr", "small/ssim", "psnr", "ssim")]
    return [[float(row[key]) for key in keys] for row in rows if row.get(keys[0])]


@pytest.fixture(scope="module")
def one(tmp_path_factory, pictures):
    """One process with the joined batch."""
    folder = tmp_path_factory.mktemp("one")
    more = probed(folder, "--data.batch_size", "4", "--runs", str(folder / "runs"))
    assert call(words("fit", pictures, *more, logger="csv")) == 0
    return result(folder, 1)


@pytest.fixture(scope="module")
def two(tmp_path_factory, pictures):
    """Two processes that Lightning starts."""
    folder = tmp_path_factory.mktemp("two")
    said = finish(start(words("fit", pictures, *probed(folder, *TWO), logger="csv"), folder, PYTHONPATH=str(ROOT)))
    return result(folder, 2, said)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory, pictures):
    """Two nodes of one process each, started by torchrun a moment apart."""
    folder = tmp_path_factory.mktemp("nodes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--master-addr=127.0.0.1"]
    argv = words("fit", pictures, *probed(folder, *NODES), logger="csv")
    both = [
        start(argv, folder, [*launcher, f"--master-port={port}", f"--node-rank={rank}"], PYTHONPATH=str(ROOT))
        for rank in range(2)
    ]
    return result(folder, 2, finish(*both))


def check_equal(many, one):
    assert [rank["world"] for rank in many.ranks] == [2, 2]
    first, second = many.ranks
    for name, weights in first["weights"].items():
        assert torch.equal(weights, second["weights"][name])
        torch.testing.assert_close(weights, one.ranks[0]["weights"][name], rtol=1e-5, atol=1e-7)
    for name, gradient in one.ranks[0]["gradients"].items():
        assert torch.equal(first["gradients"][name], second["gradients"][name])
        scale = float(gradient.abs().max())
        torch.testing.assert_close(first["gradients"][name], gradient, rtol=1e-5, atol=1e-5 * scale + 1e-9)
    joined = [sorted(a + b) for a, b in zip(first["names"], second["names"], strict=True)]
    assert joined == [sorted(names) for names in one.ranks[0]["names"]]
    assert len(joined) == STEPS
    assert len(scores(one.rows)) == 1
    assert scores(many.rows)[0] == pytest.approx(scores(one.rows)[0], abs=1e-6)


def check_one_directory(many):
    assert {Path(rank["run"]).name for rank in many.ranks} == {many.run.name}
    assert (many.run / "config.yaml").is_file()
    assert len(list(many.run.rglob("metrics.csv"))) == 1
    assert [file.name for file in sorted((many.run / "checkpoints").iterdir())] == ["best.ckpt", "last.ckpt"]


def test_two_processes_train_as_one(one, two):
    check_equal(two, one)


def test_two_processes_share_one_run_directory(two):
    check_one_directory(two)


def test_no_picture_is_validated_twice(two):
    counted = [len(set(rank["validated"])) for rank in two.ranks]
    assert counted == [3, 2]
    assert len(set(two.ranks[0]["validated"] + two.ranks[1]["validated"])) == 5


def test_two_nodes_train_as_one(one, nodes):
    check_equal(nodes, one)


def test_two_nodes_share_one_run_directory(nodes):
    check_one_directory(nodes)


def test_terminal_lines_are_said_once(two, nodes):
    for said in ([two.said[0][1]], [error for _, error in nodes.said]):
        lines = "".join(said).splitlines()
        assert len([line for line in lines if line.startswith("RCAN:")]) == 1
        assert len(lines) <= 8, lines


@pytest.mark.parametrize("command", ["validate", "test"])
def test_a_set_that_does_not_divide_is_measured_as_by_one_process(tmp_path, pictures, one, command):
    more = [*SAME, "--ckpt_path", str(one.run / "checkpoints" / "last.ckpt")]
    finish(start(words(command, pictures, *more, *TWO, logger="csv"), tmp_path))
    alone = tmp_path / "alone"
    assert call(words(command, pictures, *more, "--runs", str(alone / "runs"), logger="csv")) == 0
    stage = "val" if command == "validate" else "test"
    rows = [list(csv.DictReader((only_run(place) / "csv" / "metrics.csv").open())) for place in (tmp_path, alone)]
    assert len(scores(rows[0], stage)) == 1
    assert scores(rows[0], stage)[0] == pytest.approx(scores(rows[1], stage)[0], abs=1e-6)
    if command == "validate":
        assert scores(rows[0])[0] == pytest.approx(scores(one.rows)[0], abs=1e-6)
