"""Networks whose results are known without running them."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from restore.networks import RestorationNetwork


class Brighter(RestorationNetwork):
    """Adds a tenth, and enlarges by repetition."""

    def __init__(self, image_channels=3, scale=1, multiple_of=1):
        super().__init__(scale, image_channels, multiple_of, context=0)
        self.seen = []

    def forward(self, degraded):
        self.check(degraded)
        self.seen.append(tuple(degraded.shape))
        return degraded.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2) + 0.1


class Blur(RestorationNetwork):
    """The mean over 9 x 9 places, zero outside."""

    def __init__(self, image_channels=3):
        super().__init__(1, image_channels, multiple_of=4, context=4)

    def forward(self, degraded):
        self.check(degraded)
        return F.avg_pool2d(degraded, 9, stride=1, padding=4)


class Informed(RestorationNetwork):
    """Takes the noise level away."""

    takes_sigma = True

    def __init__(self):
        super().__init__(1, 3, multiple_of=1, context=0)

    def forward(self, degraded, sigma):
        return degraded - sigma.reshape(-1, 1, 1, 1)


class Broken(RestorationNetwork):
    """Gives no numbers."""

    def __init__(self):
        super().__init__(1, 3, multiple_of=1, context=0)

    def forward(self, degraded):
        return torch.full_like(degraded, float("nan"))
