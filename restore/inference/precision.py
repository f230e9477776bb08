"""Which number format is the quick one on this machine."""

from __future__ import annotations

import torch


def bf16_is_quick(device: torch.device) -> bool:
    """Whether bfloat16 convolutions are faster than float32 there.

    True on CUDA from Ampere on and on CPUs with AVX-512 BF16 or AMX; on other CPUs bfloat16 is emulated and was
    measured three times slower than float32 (`benchmarks/RESULTS.md`).
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False
