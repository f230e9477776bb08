"""The negative PSNR as a loss, as NAFNet is trained with.

Paper: Chen et al., "HINet: Half Instance Normalization Network for Image Restoration", CVPRW 2021, section 3.3,
https://arxiv.org/abs/2105.06086; taken over by Chen et al., "Simple Baselines for Image Restoration", ECCV 2022,
https://arxiv.org/abs/2204.04676
"""

from __future__ import annotations

from torch import Tensor, nn

from restore.errors import ConfigError


class PSNRLoss(nn.Module):
    """Minus the PSNR in dB of each picture at peak 1, the mean over the batch; nothing is clipped.

    Formula:
        loss = mean over pictures of 10 log10(mean square error + eps)

    Args:
        eps: added to the error, so that equal pictures have a finite loss and gradient.

    Shape:
        restored and target (N, C, H, W) -> a number.

    Raises:
        ConfigError: `eps` is not positive.
    """

    def __init__(self, eps: float = 1e-8) -> None:
        super().__init__()
        if eps <= 0:
            raise ConfigError(f"PSNRLoss got eps={eps}. Give a small positive number.")
        self.eps = eps

    def forward(self, restored: Tensor, target: Tensor) -> Tensor:
        """Minus the mean PSNR of `restored`, computed in float32 at least."""
        exact = restored.float() if restored.element_size() < 4 else restored
        error = (exact - target).square().mean(dim=(1, 2, 3))  # (N,)
        return 10 * (error + self.eps).log10().mean()  # one number
