"""Super-resolution: the degraded picture is `scale` times smaller than the target."""

from __future__ import annotations

from torch import Tensor, nn

from restore.degradation import Bicubic, Degradation
from restore.networks import RestorationNetwork
from restore.tasks.restoration import OptimizerFactory, RestorationTask, SchedulerFactory


class SuperResolution(RestorationTask):
    """Trains a network to enlarge pictures.

    Args:
        network: what is trained; its scale is the task's.
        degradation: how pictures are shrunk, in training and in validation; None is MATLAB's bicubic `imresize` at the
            network's scale, which the published tables are made with.
        protocol: `sr-y` (luma, the tables') or `sr-rgb`.
        loss: see `RestorationTask`; so are the rest.
    """

    def __init__(
        self,
        network: RestorationNetwork,
        degradation: Degradation | None = None,
        protocol: str = "sr-y",
        loss: nn.Module | None = None,
        optimizer: OptimizerFactory | None = None,
        scheduler: SchedulerFactory | None = None,
        channels_last: bool | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            network=network,
            degradation=degradation if degradation is not None else Bicubic(network.scale),
            protocol=protocol,
            loss=loss,
            optimizer=optimizer,
            scheduler=scheduler,
            channels_last=channels_last,
            seed=seed,
        )

    def degrade_for_validation(self, clean: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """The training degradation, seeded by each picture's index where it draws anything."""
        return self.degradation.degrade_pairs(clean, index)
