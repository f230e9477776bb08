"""Attention modules: (N, C, H, W) in and out, `channels` first. Every public name is exported here."""

from restore.attention.base import Attention, NoAttention, Recalibration, Representation, no_attention
from restore.attention.recalibration.bam import BAM
from restore.attention.recalibration.cbam import CBAM, PooledChannelAttention
from restore.attention.recalibration.channel import ChannelAttention
from restore.attention.recalibration.channel_spatial_3d import ChannelSpatialAttention3d
from restore.attention.recalibration.enhanced_spatial import EnhancedSpatialAttention
from restore.attention.recalibration.pixel import PixelAttention, PixelAttentionConv
from restore.attention.recalibration.residual_mask import ResidualAttentionModule, ResidualMaskAttention
from restore.attention.recalibration.spatial import SpatialAttention
from restore.attention.recalibration.spatial_channel import SpatialChannelAttention

__all__ = [
    "BAM",
    "CBAM",
    "Attention",
    "ChannelAttention",
    "ChannelSpatialAttention3d",
    "EnhancedSpatialAttention",
    "NoAttention",
    "PixelAttention",
    "PixelAttentionConv",
    "PooledChannelAttention",
    "Recalibration",
    "Representation",
    "ResidualAttentionModule",
    "ResidualMaskAttention",
    "SpatialAttention",
    "SpatialChannelAttention",
    "no_attention",
]
