"""Every network in its published size: parameters, multiply-adds, seconds, peak memory; forward and training step.

    python benchmarks/networks.py                            all networks on 64x64, eager fp32: forward in both memory
                                                             formats, training step in channels_last
    python benchmarks/networks.py --size 256                 RCAN, SAN, RNAN, MWRCANet and SwinIR on 256x256, forward
    python benchmarks/networks.py --settings plain nchw --networks san rnan_denoise rnan_sr
    python benchmarks/networks.py --settings compiled nhwc forward --networks dncnn imdn rfdn unet
    python benchmarks/networks.py --settings all --device cuda --networks all --size 64 256
    python benchmarks/networks.py --markdown                 the table of what was measured; --store keeps the best

Each row is measured in a process of its own and appended to --output as soon as it is there: the same command goes on
where it was stopped. The picture is what the network takes: x4 gives four times the side. A training step is forward,
L1, backward and Adam, batch 1. Memory is the most that is alive at once beyond the weights (in a step: beyond weights
and Adam's moments).
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # before torch is imported: the profiler warns in every row

import torch
from networks_table import markdown, store
from plain_attention import make_plain
from published_networks import LARGE, NETWORKS
from torch import nn

from restore.commands.origin import origin
from restore.inference.cost import multiply_adds, peak_memory, seconds
from restore.inference.fastest import device_kind

AXES = {
    "work": ("forward", "step"),
    "precision": ("fp32", "bf16"),
    "layout": ("nchw", "nhwc"),
    "mode": ("eager", "compiled"),
    "attention": ("ours", "plain"),
}
"""Axis -> its words for --settings; nhwc is channels_last."""
_DEFAULTS = {"precision": ("fp32",), "mode": ("eager",), "attention": ("ours",)}
_PLAIN = ("san", "rnan_denoise", "rnan_sr")
_PLAIN_UP_TO = {"san": 64}
"""Beside the matrix of all pairs, SAN's plain covariance has one of all places, too large beyond."""
_KEY = ("network", "size", *AXES, "device")

Row = dict[str, Any]


def main() -> None:
    options = read_options()
    done = read_rows(options.output)
    if options.markdown or options.store:
        if options.store:
            print(store(done.values()))
        if options.markdown:
            print(markdown(done.values()))
        return
    device = torch.device(options.device)
    rows = [row for row in plan(options) if key(row) not in done or (options.again and "error" in done[key(row)])]
    where = origin() | {"device_kind": device_kind(device), "threads": torch.get_num_threads()}
    print(f"{len(rows)} rows to measure into {options.output}; {where}", flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(rows, 1):
        begin = time.perf_counter()
        row |= counted(row, done.values())
        row |= in_own_process(row, options.at_most) | where
        done[key(row)] = row
        append(options.output, row)
        taken = time.perf_counter() - begin
        print(f"[{number}/{len(rows)}] {' '.join(map(str, key(row)))}: {told(row)}, {taken:.0f} s in all", flush=True)


def plan(options: argparse.Namespace) -> Iterator[Row]:
    """What is asked for and makes sense, row by row."""
    words = {axis: [word for word in names if word in options.settings] for axis, names in AXES.items()}
    for size in options.size:
        names = options.networks or (NETWORKS if size <= 64 else LARGE)
        for name in NETWORKS if "all" in names else names:
            for choice in itertools.product(*(_words(axis, words[axis], options, size) for axis in AXES)):
                row = {"network": name, "size": size, **dict(zip(AXES, choice, strict=True)), "device": options.device}
                if (
                    row["work"] == "step"
                    and row["layout"] == "nchw"
                    and not (words["layout"] or "all" in options.settings)
                ):
                    continue  # unless a layout is asked for: it is a third of the time
                if row["attention"] == "plain" and (name not in _PLAIN or size > _PLAIN_UP_TO.get(name, 256)):
                    continue
                yield row


def _words(axis: str, given: list[str], options: argparse.Namespace, size: int) -> tuple[str, ...]:
    if "all" in options.settings:
        return AXES[axis]
    if given:
        return tuple(given)
    if size > 64 and options.device == "cpu":  # a training step of RCAN would need more than 24 GB
        return {"work": ("forward",), "layout": ("nhwc",)}.get(axis) or _DEFAULTS[axis]
    return _DEFAULTS.get(axis, AXES[axis])


def in_own_process(row: Row, at_most: float) -> Row:
    """What was measured, or the error: a child that the machine kills for its memory takes nothing with it."""
    context = multiprocessing.get_context("forkserver")  # it has imported torch and has never used it
    context.set_forkserver_preload(["torch._dynamo", "published_networks", "restore.inference.cost"])
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(there, row, at_most))
    child.start()
    there.close()
    try:
        found: Row = here.recv()
    except EOFError:
        child.join()
        found = {"error": f"the process ended with {child.exitcode} (-9: killed, for its memory most likely)"}
    child.join()
    return found


def _child(pipe: Connection, row: Row, at_most: float) -> None:
    try:
        found = measure(row, at_most)
    except Exception as error:  # noqa: BLE001  the other rows shall be measured
        found = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
    pipe.send(found)


def measure(row: Row, at_most: float) -> Row:
    """Numbers of one row; `at_most` bounds the seconds of timing after the first round."""
    device = torch.device(row["device"])
    torch.manual_seed(0)
    network = NETWORKS[row["network"]]().to(device)
    side, channels, scale = row["size"], network.image_channels, network.scale
    layout = torch.channels_last if row["layout"] == "nhwc" else torch.contiguous_format
    network.to(memory_format=layout)
    picture = torch.rand(1, channels, side, side, device=device).contiguous(memory_format=layout)
    inputs = (picture, torch.full((1,), 0.1, device=device)) if network.takes_sigma else (picture,)
    if row["attention"] == "plain":
        make_plain(network)
    found: Row = {"class": type(network).__name__}
    found["parameters"] = sum(parameter.numel() for parameter in network.parameters())
    if "multiply_adds" not in row:
        found["multiply_adds"] = multiply_adds(network, *inputs)
    run: nn.Module = torch.compile(network) if row["mode"] == "compiled" else network
    precise = contextlib.nullcontext() if row["precision"] == "fp32" else torch.autocast(device.type, torch.bfloat16)
    if row["work"] == "forward":
        network.eval()

        def work() -> None:
            with torch.inference_mode(), precise:
                run(*inputs)
    else:
        target = torch.rand(1, channels, side * scale, side * scale, device=device)
        work = training_step(run.train(), inputs, target, precise)
    if row["mode"] == "compiled":
        begin = time.perf_counter()
        work()
        found["compile_seconds"] = time.perf_counter() - begin
    found["bytes"] = peak_memory(work, device)
    found["seconds"] = seconds(work, device, at_most=at_most, warm_up=False)
    return found


def training_step(
    run: nn.Module, inputs: tuple[torch.Tensor, ...], target: torch.Tensor, precise: contextlib.AbstractContextManager
) -> Callable[[], None]:
    optimizer = torch.optim.Adam(run.parameters(), lr=0.0001)
    for parameter in run.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()  # makes the moments, which stay; nothing moves by a gradient of nought

    def step() -> None:
        optimizer.zero_grad()
        with precise:
            loss = nn.functional.l1_loss(run(*inputs), target)
        loss.backward()
        optimizer.step()

    return step


def read_rows(file: Path) -> dict[tuple, Row]:
    """Key -> the latest row of it; a last line that was cut short is left out."""
    rows = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        with contextlib.suppress(json.JSONDecodeError):
            row = json.loads(line)
            rows[key(row)] = row
    return rows


def append(file: Path, row: Row) -> None:
    """Write a line, on a line of its own where the last one was cut short."""
    before = file.read_bytes()[-1:] if file.is_file() else b""
    with file.open("a", encoding="utf-8") as out:
        out.write(("" if before in (b"", b"\n") else "\n") + json.dumps(row) + "\n")


def key(row: Row) -> tuple:
    return tuple(row[name] for name in _KEY)


def counted(row: Row, others: Iterable[Row]) -> Row:
    """The multiply-adds where another row of the same network has them: counting takes seconds."""
    same = ("network", "size", "attention")
    for other in others:
        if "multiply_adds" in other and all(other[name] == row[name] for name in same):
            return {"multiply_adds": other["multiply_adds"]}
    return {}


def told(row: Row) -> str:
    if "error" in row:
        return row["error"]
    return f"{row['seconds']:.4f} s, {row['bytes'] / 2**20:.1f} MiB, {row['multiply_adds'] / 1e9:.2f} GMACs"


def read_options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = [word for names in AXES.values() for word in names]
    parser.add_argument("--networks", nargs="+", choices=[*NETWORKS, "all"], metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument("--size", type=int, nargs="+", default=[64], metavar="N", help="of the picture (default: 64)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument(
        "--settings", nargs="+", default=[], choices=[*words, "all"], metavar="WORD", help=f"{', '.join(words)}, all"
    )
    parser.add_argument("--at_most", type=float, default=1.0, metavar="S", help="seconds of timing a row (default: 1)")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks/networks.jsonl"), metavar="FILE")
    parser.add_argument("--again", action="store_true", help="try rows that failed once more")
    parser.add_argument("--markdown", action="store_true", help="print the table of --output and measure nothing")
    parser.add_argument("--store", action="store_true", help="keep each network's best setting as its default")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
