"""Lets torchvision be imported beside a torch that it was not built for, so that its Python half can be compared with.

    pip install --target PEERS --no-deps torchvision==0.28.0
    PYTHONPATH=PEERS:. python -m pytest -p tests.torchvision_stub -rs tests/metrics/test_perceptual.py

torchvision looks for operators of its compiled half at import; these two lines declare them, nothing calls them.
"""

from __future__ import annotations

import torch

_TORCHVISION = torch.library.Library("torchvision", "DEF")
_TORCHVISION.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_TORCHVISION.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
