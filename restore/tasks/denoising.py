"""Denoising: the degraded picture has the target's size."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from restore.degradation import Degradation, GaussianNoise, protocol_noise
from restore.errors import ConfigError
from restore.networks import RestorationNetwork
from restore.tasks.restoration import OptimizerFactory, RestorationTask, SchedulerFactory


class Denoising(RestorationTask):
    """Trains a network to remove noise.

    A network that takes the noise level is told what was drawn for each picture; in validation and for pictures that
    bring their own noise it is told `sigma`.

    Args:
        network: what is trained; its scale is 1. One that takes the noise level needs `GaussianNoise` with one sigma a
            picture, and a protocol `awgn-*`.
        degradation: the noise of training; None is Gaussian noise of `sigma`.
        protocol: `awgn-rgb` or `awgn-gray` validate with the published noise (the same draw for everyone) at `sigma`;
            `real-srgb` and `sidd-srgb` take noisy pictures from the validation set where it holds pairs, else degrade
            the clean ones as in training, by the picture's index; `real-raw` does the latter, and goes with a
            degradation whose output is raw.
        sigma: noise of the `awgn-*` protocols, standard deviation in 8-bit grey levels.
        loss: see `RestorationTask`; so are the rest.
    """

    def __init__(
        self,
        network: RestorationNetwork,
        degradation: Degradation | None = None,
        protocol: str = "awgn-rgb",
        sigma: float = 25.0,
        loss: nn.Module | None = None,
        optimizer: OptimizerFactory | None = None,
        scheduler: SchedulerFactory | None = None,
        channels_last: bool | None = None,
        seed: int = 0,
    ) -> None:
        if network.scale != 1:
            raise ConfigError(
                f"Denoising keeps the size, but the network restores x{network.scale}. Set its scale to 1, or take "
                "SuperResolution."
            )
        super().__init__(
            network=network,
            degradation=degradation if degradation is not None else GaussianNoise(sigma),
            protocol=protocol,
            loss=loss,
            optimizer=optimizer,
            scheduler=scheduler,
            channels_last=channels_last,
            seed=seed,
        )
        if (self.protocol == "real-raw") != (self.degradation.channels is not None):
            raise ConfigError(
                f"The protocol is {self.protocol} and the degradation's output "
                f"{'sRGB' if self.degradation.channels is None else 'raw'}. Raw output, as CameraNoise(output='plane') "
                "has it, goes with model.init_args.protocol real-raw, and only with that."
            )
        self.sigma = sigma
        known = isinstance(self.degradation, GaussianNoise) and not self.degradation.per_channel
        if network.takes_sigma and not (known and self.protocol.startswith("awgn")):
            raise ConfigError(
                f"{type(network).__name__} must be told the noise level, got {type(self.degradation).__name__} and "
                f"{self.protocol}. Train it with GaussianNoise, one sigma a picture, and awgn-rgb or awgn-gray."
            )

    def forward(self, degraded: Tensor, sigma: Tensor | None = None) -> Tensor:
        """(N, C, H, W) in [0, 1] -> (N, C, H, W), not clipped; the level is the protocol's where none is given."""
        if sigma is None and self.network.takes_sigma:
            sigma = degraded.new_full((1,), self.sigma / 255)
        return super().forward(degraded, sigma)

    def noise_levels(self, target: Tensor, seeds: Sequence[int]) -> Tensor | None:
        """(N,) in [0, 1], what is drawn for each picture, for a network that takes it."""
        if not self.network.takes_sigma:
            return None
        drawn = self.degradation.draw_each(target, seeds, target.device)
        return target.new_tensor([float(one["sigma"]) / 255 for one in drawn])  # grey levels -> [0, 1]

    def degrade_for_validation(self, clean: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """The protocol's noise, or the training noise seeded by each picture's index."""
        if self.protocol.startswith("awgn"):
            return protocol_noise(clean, self.sigma), clean
        return self.degradation.degrade_pairs(clean, index)
