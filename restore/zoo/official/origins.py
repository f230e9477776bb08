"""Where weights come from, and what that tells of them which no tensor does.

Each line is what the authors' own code does when it loads its own weights: its pixel range, its mean, its factors.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from restore.errors import CheckpointError


@dataclass(frozen=True)
class Origin:
    """What one repository says of one network."""

    repository: str
    """OWNER/NAME on GitHub."""
    network: str
    """Our class."""
    answers: Mapping[str, Any]
    """Arguments of our network."""
    where: Mapping[str, Any] = field(default_factory=dict)
    """The arguments that the tensors tell must be these."""


_PORT = "sanghyun-son/EDSR-PyTorch"
ORIGINS: tuple[Origin, ...] = (
    Origin("yulunzhang/RCAN", "RCAN", {"pixel_range": 255.0, "activation": "relu"}),
    Origin(_PORT, "RCAN", {"pixel_range": 255.0, "activation": "relu"}),
    Origin(_PORT, "EDSR", {"pixel_range": 255.0, "residual_scale": 1.0}, where={"width": 64, "blocks": 16}),
    Origin(_PORT, "EDSR", {"pixel_range": 255.0, "residual_scale": 0.1}, where={"width": 256, "blocks": 32}),
    Origin(_PORT, "MDSR", {"pixel_range": 255.0}),
    Origin(_PORT, "RDN", {"pixel_range": 255.0, "mean": []}),
    Origin("yulunzhang/RDN", "RDN", {"pixel_range": 255.0, "mean": [0.4488, 0.4371, 0.4040]}),
    Origin("daitao/SAN", "SAN", {"pixel_range": 255.0}),
    Origin("yulunzhang/RNAN", "RNAN", {"pixel_range": 255.0}),
    Origin("wwlCape/HAN", "HAN", {"pixel_range": 255.0}),
    Origin("nmhkahn/CARN-pytorch", "CARN", {"pixel_range": 1.0}),
    Origin("njulj/RFDN", "RFDN", {"pixel_range": 255.0}),
    Origin("Zheng222/IMDN", "IMDN", {}),
    Origin("Zheng222/IMDN", "IMDNAnyScale", {}),
    Origin("Zheng222/IMDN", "IMDNRTC", {}),
    Origin("Zheng222/IMDN", "IMDNRTE", {}),
    Origin("zhaohengyuan1/PAN", "PAN", {}),
    Origin("lpj-github-io/MWCNNv2", "MWCNN", {}),
    Origin("happycaoyue/NTIRE20_raw_image_denoising_winner_MWRCANet", "MWRCANet", {}),
    Origin("megvii-research/NAFNet", "NAFNet", {}),
    Origin("megvii-research/NAFNet", "NAFBaseline", {}),
    Origin("swz30/Restormer", "Restormer", {}),
    Origin("JingyunLiang/SwinIR", "SwinIR", {"pixel_range": 255.0}, where={"window": 7}),
    Origin("JingyunLiang/SwinIR", "SwinIR", {"pixel_range": 1.0}, where={"window": 8}),
    Origin("cszn/KAIR", "DnCNN", {}),
    Origin("cszn/KAIR", "FDnCNN", {}),
    Origin("cszn/KAIR", "IRCNN", {}),
)
"""Repositories and what their name answers; nothing where the tensors, or nothing but the user, tell it all."""


def origin_answers(repository: str, network: str) -> tuple[Origin, ...]:
    """What `repository` says of our `network`; more than one line where it depends on the sizes.

    Raises:
        CheckpointError: there is no such line.
    """
    names = sorted({origin.repository for origin in ORIGINS})
    by_lower = {name.lower(): name for name in names}
    if repository.lower() not in by_lower:
        near = difflib.get_close_matches(repository.lower(), by_lower, n=1)
        hint = f"Did you mean {by_lower[near[0]]}?" if near else f"Known: {', '.join(names)}."
        raise CheckpointError(
            f"Nothing is known of the origin {repository}. {hint} Or answer the questions one by one."
        )
    found = [one for one in ORIGINS if one.repository == by_lower[repository.lower()]]
    lines = tuple(one for one in found if one.network == network)
    if not lines:
        theirs = " and ".join(sorted({one.network for one in found}))
        raise CheckpointError(
            f"The file is of {network}, of which {repository} says nothing; it is known for {theirs}."
        )
    return lines
