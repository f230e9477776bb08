"""What a computation costs: multiply-adds, seconds, and the most bytes that it holds at once."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

Computation = Callable[[], object]
Shape = Sequence[int]


class Cost(NamedTuple):
    """Medians of seconds and peaks of bytes, beyond what was there before."""

    forward_seconds: float
    both_seconds: float
    """Of a forward and a backward pass together."""
    forward_bytes: int
    """Without a graph."""
    both_bytes: int


def multiply_adds(module: nn.Module, *inputs: Tensor) -> int:
    """Multiply-adds of convolutions and matrix products of `module` on `inputs`.

    Activations, means and additions are left out, as the papers' tables have it. Counted without computing, but for
    modules that look at values (a sampled place, say): these run once.
    """
    twin = copy.deepcopy(module).eval()
    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:  # keeps the device: there is no autocast on "meta"
            return _count(twin, [mode.from_tensor(x) for x in inputs])
    except (RuntimeError, NotImplementedError):
        return _count(copy.deepcopy(module).eval(), inputs)


def _count(module: nn.Module, inputs: Sequence[Tensor]) -> int:
    with FlopCounterMode(display=False, custom_mapping=_UNKNOWN_TO_TORCH) as counter, torch.no_grad():
        module(*inputs)
    return int(counter.get_total_flops() // 2)


def _attention_flops(query: Shape, key: Shape, value: Shape, *_: object, **__: object) -> int:
    n, heads, queries, width = query
    return 2 * n * heads * queries * key[-2] * (width + value[-1])


_UNKNOWN_TO_TORCH: dict[Any, Callable[..., int]] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
}


def peak_memory(run: Computation, device: torch.device | str = "cpu") -> int:
    """The most bytes that are alive at once while `run` works, the workspace inside of operators too."""
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler greets on stderr otherwise
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    results = profiler.profiler.kineto_results  # type: ignore[union-attr]
    steps = sorted((event.start_ns(), event.nbytes()) for event in results.events() if event.name() == "[memory]")
    alive = peak = 0
    for _, taken in steps:
        alive += taken
        peak = max(peak, alive)
    return peak


def seconds(
    run: Computation,
    device: torch.device | str = "cpu",
    at_least: float = 0.3,
    rounds: int = 5,
    at_most: float = math.inf,
    warm_up: bool = True,
) -> float:
    """The median duration of `run`: `rounds` times or more, for `at_least` seconds or more.

    Args:
        run: what is timed.
        device: is waited for.
        at_least: seconds in all.
        rounds: times at least.
        at_most: seconds in all after which no further round begins, whatever is asked for above.
        warm_up: run once before; without it the caller has.
    """
    device = torch.device(device)

    def once() -> float:
        begin = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - begin

    if warm_up:
        once()
    taken = [once()]
    while (len(taken) < rounds or sum(taken) < at_least) and sum(taken) < at_most:
        taken.append(once())
    return median(taken)


def cost(module: Callable[..., Tensor], *inputs: Tensor, rounds: int = 5, at_most: float = math.inf) -> Cost:
    """Time and memory of `module` on `inputs`, without a graph and with the gradients of inputs and parameters.

    `rounds` and `at_most` are those of `seconds`, for each of the two times.
    """
    device = inputs[0].device
    leaves = [x.detach().requires_grad_() for x in inputs]
    parameters = list(module.parameters()) if isinstance(module, nn.Module) else []

    def forward() -> None:
        with torch.no_grad():
            module(*inputs)

    def both() -> None:
        for tensor in (*leaves, *parameters):
            tensor.grad = None
        module(*leaves).sum().backward()

    bytes_ = [peak_memory(run, device) for run in (forward, both)]
    both()  # the gradients exist now, as in the steps of a training; both are warm
    times = [seconds(run, device, rounds=rounds, at_most=at_most, warm_up=False) for run in (forward, both)]
    return Cost(times[0], times[1], *bytes_)
