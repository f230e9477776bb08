"""Layers without attention that networks and attention modules share."""

from restore.layers.blended_windows import BlendedWindows
from restore.layers.gated_feed_forward import GatedFeedForward
from restore.layers.local_norm import LocalInstanceNorm
from restore.layers.local_pool import GlobalContrast, GlobalPool, LocalContrast, LocalPool
from restore.layers.mean_shift import DIV2K_MEAN, DIV_FLICKR2K_MEAN, mean_shift, mean_shift_constants
from restore.layers.norm import BiasFreeNorm2d, LayerNorm2d
from restore.layers.overlapping_windows import OverlappingWindows, WholeMap
from restore.layers.padding import pad_to_multiple
from restore.layers.pre_activation import PreActivationUnit
from restore.layers.region_grid import LocalRegionGrid, RegionGrid
from restore.layers.residual_unit import ResidualUnit
from restore.layers.stochastic_depth import StochasticDepth
from restore.layers.upsample import Upsample
from restore.layers.wavelet import haar_filters, haar_transform, inverse_haar_transform

__all__ = [
    "DIV2K_MEAN",
    "DIV_FLICKR2K_MEAN",
    "BiasFreeNorm2d",
    "BlendedWindows",
    "GatedFeedForward",
    "GlobalContrast",
    "GlobalPool",
    "LayerNorm2d",
    "LocalContrast",
    "LocalInstanceNorm",
    "LocalPool",
    "LocalRegionGrid",
    "OverlappingWindows",
    "PreActivationUnit",
    "RegionGrid",
    "ResidualUnit",
    "StochasticDepth",
    "Upsample",
    "WholeMap",
    "haar_filters",
    "haar_transform",
    "inverse_haar_transform",
    "mean_shift",
    "mean_shift_constants",
    "pad_to_multiple",
]
