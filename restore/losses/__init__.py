"""Losses that torch.nn does not have. Every public name is exported here."""

from restore.losses.psnr import PSNRLoss

__all__ = ["PSNRLoss"]
