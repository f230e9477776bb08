"""The mean over eight flips and turns."""

from __future__ import annotations

import torch

from restore.inference import self_ensemble


def test_the_eight_pictures_are_seen_in_the_papers_order():
    seen = []
    degraded = torch.arange(6.0).reshape(1, 1, 2, 3)
    self_ensemble(lambda x: seen.append(x) or x, degraded)
    expected = [degraded]
    expected += [x.flip(-1) for x in expected]
    expected += [x.flip(-2) for x in expected]
    expected += [x.transpose(-2, -1) for x in expected]
    assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_a_network_that_sees_one_place_is_not_changed():
    degraded = torch.rand(2, 3, 5, 7)
    torch.testing.assert_close(self_ensemble(lambda x: 2 * x, degraded), 2 * degraded)


def test_the_result_turns_with_the_picture():
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 3, 3, padding=1)
    degraded = torch.rand(1, 3, 6, 9)
    with torch.no_grad():
        upright = self_ensemble(network, degraded)
        turned = self_ensemble(network, degraded.rot90(1, (-2, -1)))
    torch.testing.assert_close(turned, upright.rot90(1, (-2, -1)))
    assert not torch.allclose(network(degraded).rot90(1, (-2, -1)), network(degraded.rot90(1, (-2, -1))))


def test_enlarged_pictures_are_laid_back_too():
    def enlarge(x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)

    degraded = torch.rand(1, 3, 4, 5)
    torch.testing.assert_close(self_ensemble(enlarge, degraded), enlarge(degraded))
