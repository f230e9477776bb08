"""MWCNN and MWRCANet."""

from __future__ import annotations

from restore.attention import ChannelAttention
from restore.networks import MWCNN, MWRCANet
from restore.zoo.official.mwcnn import mwcnn_table
from restore.zoo.official.mwrcanet import mwrcanet_filters, mwrcanet_table

from .base import Adapted, Adapter, Record


def mwcnn(record: Record) -> Adapted:
    config = record["config"]
    network = MWCNN(image_channels=config.get("n_colors", 1), width=config.get("n_feats", 64))
    return Adapted(network, mwcnn_table(network), network)


def mwrcanet(record: Record) -> Adapted:
    config = record["config"]
    widths = [config.get(f"filters_level{level}", width) for level, width in ((1, 96), (2, 128), (3, 128))]
    network = MWRCANet(
        image_channels=config.get("channels", 1),
        widths=widths,
        blocks=config.get("n_rb", 20),
        attention=lambda channels: ChannelAttention(channels, config.get("reduction", 16)),
    )
    filters = {name: tuple(value.shape) for name, value in mwrcanet_filters(network).items()}
    return Adapted(network, mwrcanet_table(network), network, dead=filters)


FAMILIES: dict[str, Adapter] = {"MWCNN": mwcnn, "MWRCAN": mwrcanet}

STATE_DICTS: dict[str, Adapter] = {"mwcnn": mwcnn, "mwrcanet": mwrcanet}
