"""What an authors' file cannot hold of a network of ours is named, and nothing else."""

from __future__ import annotations

import pytest

from restore.errors import CheckpointError
from restore.zoo import build, to_official
from restore.zoo.unheld import unheld

REDUCED = {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 4}}
CONTRAST = {"class_path": "restore.attention.ContrastChannelAttention", "init_args": {"reduction": 4}}
SECOND_ORDER = {"class_path": "restore.attention.SecondOrderChannelAttention", "init_args": {"reduction": 4}}
RCAN = {"scale": 2, "width": 8, "groups": 1, "blocks": 1, "attention": REDUCED}
SAN = {"scale": 2, "width": 16, "groups": 1, "blocks": 1}
CASES = {
    "nothing": ("RCAN", RCAN, {}),
    "a mean of one's own": ("RCAN", RCAN | {"mean": [0.5, 0.4, 0.3], "pixel_range": 255.0}, {}),
    "an odd reduction": ("RCAN", RCAN | {"width": 10, "attention": REDUCED}, {}),
    "activation": ("RCAN", RCAN | {"activation": "silu"}, {"activation": "silu"}),
    "range": ("RCAN", RCAN | {"mean": [], "pixel_range": 1.0}, {"pixel_range": 1.0}),
    "attention": ("RCAN", RCAN | {"attention": CONTRAST}, {"attention": CONTRAST}),
    "residual scale": (
        "EDSR",
        {"scale": 2, "width": 8, "blocks": 1, "residual_scale": 0.5},
        {"residual_scale": 0.5},
    ),
    "default": ("EDSR", {"scale": 2, "width": 8, "blocks": 1}, {"residual_scale": 0.1}),
    "crop": ("SAN", SAN | {"attention": SECOND_ORDER}, {"crop": "none"}),
    "crop of the authors": (
        "SAN",
        SAN | {"attention": {**SECOND_ORDER, "init_args": {"reduction": 4, "crop": "published"}}},
        {},
    ),
    "mean and range": (
        "RDN",
        {"scale": 2, "width": 4, "growth": 4, "blocks": 1, "layers": 1},
        {"mean": [0.4488, 0.4371, 0.4040], "pixel_range": 255.0},
    ),
    "scale": ("PAN", {"scale": 3, "width": 6, "up_width": 4, "blocks": 1}, {"scale": 3}),
    "the selected scale": ("MDSR", {"scale": 2, "width": 4, "blocks": 1}, {}),
    "dilation": ("IRCNN", {"image_channels": 1, "width": 4}, {"network": "IRCNN"}),
    "seven": ("DnCNN", {"image_channels": 1, "width": 4, "depth": 7}, {"network": "DnCNN"}),
    "RNAN": ("RNAN", {"scale": 1, "width": 4, "groups": 3, "mean": []}, {"pixel_range": 255.0}),
    "HAN": ("HAN", {"scale": 2, "width": 16, "groups": 1, "blocks": 1}, {}),
    "IMDN": ("IMDN", {"scale": 2, "width": 16, "blocks": 1}, {}),
    "NAFNet": ("NAFNet", {"width": 4, "encoder_blocks": [1], "middle_blocks": 1, "decoder_blocks": [1]}, {}),
    "MWCNN": ("MWCNN", {"width": 2}, {}),
    "MWRCANet": ("MWRCANet", {"widths": [16, 16, 16], "blocks": 1}, {}),
    "Restormer": ("Restormer", {"width": 4, "blocks": [1, 1, 1, 1], "refinement_blocks": 1}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_no_tensor_tells_is_named(case):
    name, options, expected = CASES[case]
    spec = {"class_path": f"restore.networks.{name}", "init_args": options}
    network = build(spec)
    assert unheld(network, spec, to_official(network)) == expected


def test_a_network_without_authors_has_no_file():
    spec = {"class_path": "restore.networks.UNet", "init_args": {"widths": [8], "blocks": [1]}}
    with pytest.raises(CheckpointError, match="no official names for UNet"):
        unheld(build(spec), spec, {})
