"""Attention modules: (N, C, H, W) in and out, `channels` first. Every public name is exported here."""

from restore.attention.base import Attention, NoAttention, Recalibration, Representation, no_attention
from restore.attention.recalibration.channel import ChannelAttention

__all__ = ["Attention", "ChannelAttention", "NoAttention", "Recalibration", "Representation", "no_attention"]
