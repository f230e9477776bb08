"""convert from a shell: what it recognises, asks, writes and refuses; and back, bit for bit."""

from __future__ import annotations

import json
import logging
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import restore
from restore.attention import SecondOrderChannelAttention
from restore.attention.representation.window import shift_mask
from restore.images import Picture, read_picture, write_picture
from restore.main import main
from restore.networks import HAN, IRCNN, RNAN, SAN, SwinIR
from restore.zoo import build, load_network, save_network, to_official
from restore.zoo.official import FAMILIES, ORIGINS
from restore.zoo.official.san import san_dead

REDUCED = {"attention": {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 4}}}
SPECS = {
    "RCAN": {"scale": 2, "width": 8, "groups": 1, "blocks": 1, **REDUCED},
    "EDSR": {"scale": 2, "width": 8, "blocks": 1},
    "RDN": {"scale": 2, "width": 8, "growth": 8, "blocks": 1, "layers": 2},
    "DnCNN": {"image_channels": 1, "width": 4, "depth": 5},
    "PAN": {"scale": 2, "width": 8, "up_width": 4, "blocks": 1},
}


def network(name, **options):
    torch.manual_seed(0)
    return build({"class_path": f"restore.networks.{name}", "init_args": SPECS[name] | options})


@pytest.fixture
def official(tmp_path):
    """Saves a network under its authors' names."""

    def write(name, wrap=lambda state: state, **options):
        file = tmp_path / f"{name}.pth"
        torch.save(wrap(to_official(network(name, **options))), file)
        return file

    return write


def run(*words):
    return main(["convert", *map(str, words)])


def card(file):
    with safe_open(file, framework="pt") as opened:
        return json.loads(opened.metadata()["restore"])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"params": {}, "params_ema": state},
        lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3},
    ],
    ids=["bare", "params_ema", "state_dict of DataParallel"],
)
def test_there_and_back_to_the_bit(wrap, official, tmp_path, capsys):
    file, ours, back = official("RCAN", wrap), tmp_path / "new/ours.safetensors", tmp_path / "back.pth"
    assert run(file, "--output", ours) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert "RCAN(image_channels=3, width=8, groups=1, blocks=1" in said[0]
    assert "attention=ChannelAttention(reduction=4), pixel_range=255.0, activation=relu), x2" in said[0]
    assert run(ours, "--to", "official", "--output", back) == 0
    state, again = to_official(network("RCAN")), torch.load(back, weights_only=True)
    assert list(again) == list(state)
    assert all(torch.equal(again[name], tensor) for name, tensor in state.items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_goes_there_and_back_to_the_bit(dtype, official, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("restore"), "propagate", True)
    file = official("RCAN", lambda state: {name: tensor.to(dtype) for name, tensor in state.items()})
    ours, back = tmp_path / "ours.safetensors", tmp_path / "back.pth"
    assert run(file, "--output", ours, "--answer", "activation=relu") == 0
    assert not caplog.records  # the mean shift is the published one, rounded
    assert card(ours)["converted_from"]["dtype"] == str(dtype).removeprefix("torch.")
    assert load_network(ours)[0].tail.weight.dtype == torch.float32
    assert run(ours, "--to", "official", "--output", back) == 0
    before, after = (torch.load(path, weights_only=True) for path in (file, back))
    assert list(after) == list(before)
    assert all(after[name].dtype == dtype and torch.equal(after[name], tensor) for name, tensor in before.items())


def test_doubles_lose_digits_and_that_is_said(official, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("restore"), "propagate", True)
    file = official("DnCNN", lambda state: {name: tensor.double() for name, tensor in state.items()})
    assert run(file, "--output", tmp_path / "ours.safetensors") == 0
    assert "of float64: they are kept as float32, and come back as float32" in caplog.text
    assert "dtype" not in card(tmp_path / "ours.safetensors")["converted_from"]


@pytest.fixture
def ircnn(tmp_path):
    """As KAIR's ircnn_gray.pth is: 25 state dicts by their running numbers."""
    torch.manual_seed(0)
    torch.save({str(number): to_official(IRCNN(1, width=2)) for number in range(25)}, tmp_path / "ircnn_gray.pth")
    return tmp_path / "ircnn_gray.pth"


def test_weights_for_each_noise_level_are_asked_for_converted_and_used(ircnn, tmp_path, capsys):
    ours = tmp_path / "ours.safetensors"
    assert run(ircnn, "--output", ours) == 1
    assert "Holds 25 sets of weights" in capsys.readouterr().err
    assert run(ircnn, "--output", ours, "--sigma", 25) == 0
    assert "IRCNN(image_channels=1, width=2, normalization=False), x1" in (said := capsys.readouterr().out)
    assert "for noise of sigma 24 to 26." in said
    assert (card(ours)["weights_for_sigma"], card(ours)["converted_from"]["part"]) == ([24, 26], "12")
    assert run(ircnn, "--output", tmp_path / "same.safetensors", "--part", 12) == 0
    assert load_file(ours).keys() == load_file(tmp_path / "same.safetensors").keys()
    assert torch.equal(load_file(ours)["tail.bias"], load_file(tmp_path / "same.safetensors")["tail.bias"])

    write_picture(tmp_path / "in/a.png", Picture(np.random.default_rng(0).integers(0, 256, (9, 9, 1), np.uint8)))
    words = ["denoise", tmp_path / "in", "--precision", "fp32", "--checkpoint"]
    for file, out in (ircnn, "theirs"), (ours, "ours"):
        assert main([*map(str, words), str(file), "--output", str(tmp_path / out), "--sigma", "25"]) == 0
    theirs, same = (read_picture(tmp_path / out / "a.png").pixels for out in ("theirs", "ours"))
    assert (theirs == same).all()
    capsys.readouterr()
    assert main([*map(str, words), str(ours), "--output", str(tmp_path / "b"), "--sigma", "50"]) == 1
    assert "are for noise of sigma 24 to 26, got 50" in capsys.readouterr().err
    assert main([*map(str, words), str(ircnn), "--output", str(tmp_path / "b")]) == 1
    assert "--sigma 25" in capsys.readouterr().err


def test_the_weights_that_were_not_averaged_can_be_had_and_the_card_says_so(official, tmp_path):
    file = official("DnCNN", lambda state: {"params": state, "params_ema": {n: t + 1 for n, t in state.items()}})
    for words, first in ([], 1), (["--part", "params"], 0):
        ours = tmp_path / f"{first}.safetensors"
        assert run(file, "--output", ours, *words) == 0
        torch.testing.assert_close(load_network(ours)[0].head.bias, network("DnCNN").head.bias + first)
        assert card(ours)["converted_from"].get("part") == (words[1] if words else None)


def test_a_level_is_not_asked_of_one_set_of_weights(official, tmp_path, capsys):
    file, ours = official("DnCNN"), tmp_path / "ours.safetensors"
    assert run(file, "--output", ours, "--sigma", 25) == 1
    assert "Leave --sigma out" in capsys.readouterr().err
    assert run(file, "--output", ours, "--part", "a") == 1
    assert "no part 'a'; it is one set of weights" in capsys.readouterr().err


def test_any_scale_that_is_held_can_be_the_selected_one(tmp_path, capsys):
    state = to_official(build({"class_path": "restore.networks.MDSR", "init_args": {"width": 4, "blocks": 1}}))
    file, ours = tmp_path / "mdsr.pth", tmp_path / "ours.safetensors"
    torch.save(state, file)
    assert run(file, "--output", ours) == 0
    assert load_network(ours)[0].scale == 4
    assert run(file, "--output", ours, "--overwrite", "--scale", 2) == 0
    loaded, _ = load_network(ours)
    assert (loaded.scale, loaded.scales) == (2, (2, 3, 4))
    assert run(ours, "--to", "official", "--output", tmp_path / "back.pth") == 0
    assert torch.load(tmp_path / "back.pth", weights_only=True).keys() == state.keys()
    capsys.readouterr()
    assert run(file, "--output", tmp_path / "b.safetensors", "--scale", 5) == 1
    assert "The file holds the scales 2, 3, 4, got scale=5. Give one of them." in capsys.readouterr().err


def test_what_the_authors_file_cannot_hold_is_said(official, tmp_path, capsys):
    file, ours = official("EDSR"), tmp_path / "ours.safetensors"
    assert run(file, "--output", ours, "--answer", "residual_scale=0.5") == 0
    capsys.readouterr()
    assert run(ours, "--to", "official", "--output", tmp_path / "back.pth") == 0
    assert "Such a file cannot hold residual_scale=0.5: who reads it must be told." in capsys.readouterr().out


def san_of_its_authors():
    """With what their file holds and nothing computes with: a convolution, an attention, a scale a group."""
    torch.manual_seed(0)
    model = SAN(2, 3, 16, 2, 1, attention=partial(SecondOrderChannelAttention, reduction=4, crop="published"))
    dead = {name: torch.randn(shape) for name, shape in san_dead(model).items()}
    return to_official(model, dead | {f"RG.{place}.gamma": torch.tensor([-0.0]) for place in range(2)}), ()


def swinir_of_its_authors():
    """With the masks of the size that it was built for."""
    torch.manual_seed(0)
    model = SwinIR(2, 3, 8, (2, 2), (2, 2), window=4, up_width=4)
    mask = shift_mask((8, 12), 4, 2, torch.zeros(()))
    masks = {f"layers.{place}.residual_group.blocks.1.attn_mask": mask.clone() for place in range(2)}
    return to_official(model) | masks, ("--pixel-range", 1)


@pytest.mark.parametrize("authors", [san_of_its_authors, swinir_of_its_authors])
def test_what_no_network_of_ours_has_goes_there_and_back_too(authors, tmp_path, capsys):
    state, words = authors()
    file, ours, copied, back = (tmp_path / name for name in ("a.pth", "b.safetensors", "c.safetensors", "d.pth"))
    torch.save(state, file)
    assert run(file, "--output", ours, *words) == 0
    assert "tensors that only its authors' file has" in capsys.readouterr().out
    assert run(ours, "--output", copied) == 0  # ours to ours keeps them
    assert run(copied, "--to", "official", "--output", back) == 0
    again = torch.load(back, weights_only=True)
    assert again.keys() == state.keys()
    for name, tensor in state.items():
        assert again[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    loaded, _ = load_network(ours)
    assert loaded.state_dict().keys() == build(card(ours)["network"]).state_dict().keys()
    stored = [name for name in load_file(ours) if name.startswith("official.")]
    assert len(stored) == len({t.numpy().tobytes() for name, t in state.items() if f"official.{name}" in stored})


def test_a_file_without_what_it_says_to_keep_is_damaged(tmp_path, capsys):
    state, _ = san_of_its_authors()
    torch.save(state, tmp_path / "a.pth")
    run(tmp_path / "a.pth", "--output", tmp_path / "b.safetensors")
    with safe_open(tmp_path / "b.safetensors", framework="pt") as opened:
        metadata = opened.metadata()
    tensors = {name: t for name, t in load_file(tmp_path / "b.safetensors").items() if "conv_last" not in name}
    save_file(tensors, tmp_path / "c.safetensors", metadata)
    capsys.readouterr()
    assert run(tmp_path / "c.safetensors", "--to", "official", "--output", tmp_path / "d.pth") == 1


def test_the_result_says_what_it_is_and_where_from_and_is_used_by_path(official, tmp_path):
    file, ours = official("RCAN"), tmp_path / "ours.safetensors"
    assert run(file, "--output", ours, "--origin", "yulunzhang/RCAN") == 0
    assert card(ours)["model"] == "ours"
    assert card(ours)["network"]["init_args"]["scale"] == 2
    source = card(ours)["converted_from"]
    assert (source["file"], source["origin"], len(source["sha256"])) == ("RCAN.pth", "yulunzhang/RCAN", 64)

    picture = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    write_picture(tmp_path / "in/a.png", Picture(picture))
    words = ["upscale", tmp_path / "in", "--output", tmp_path / "out", "--checkpoint", ours, "--precision", "fp32"]
    assert main([*map(str, words), "--scale", "2"]) == 0
    expected = restore.load(ours, precision="fp32")(picture)
    assert (read_picture(tmp_path / "out/a.png").pixels == expected).all()
    words = ["evaluate", "--checkpoint", ours, "--data", tmp_path / "in", "--protocol", "sr-rgb"]
    assert main([*map(str, words), "--limit", "0"]) == 1  # it came as far as the options


def test_a_checkpoint_of_a_run_becomes_a_weights_file(tmp_path, capsys):
    model = network("DnCNN")
    spec = {"class_path": "restore.networks.DnCNN", "init_args": SPECS["DnCNN"]}
    state = {f"network.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": state, "hyper_parameters": {"network": spec}, "epoch": 7}, tmp_path / "last.ckpt")
    assert run(tmp_path / "last.ckpt", "--output", tmp_path / "ours.safetensors") == 0
    assert (card(tmp_path / "ours.safetensors")["model"], card(tmp_path / "ours.safetensors")["epoch"]) == ("ours", 7)
    assert run(tmp_path / "last.ckpt", "--output", tmp_path / "b.safetensors", "--network", "DnCNN") == 1
    assert "says itself what it is. Leave --network out" in capsys.readouterr().err
    assert run(tmp_path / "last.ckpt", "--to", "official", "--output", tmp_path / "b.pth") == 0
    assert torch.equal(torch.load(tmp_path / "b.pth", weights_only=True)["model.0.weight"], model.head.weight)


@pytest.mark.parametrize(
    ("name", "options", "question", "answer", "expected"),
    [
        ("RCAN", {"mean": []}, r"--pixel-range 255 or --pixel-range 1 to", ["--pixel_range", 1], {"pixel_range": 1.0}),
        ("RCAN", {"mean": []}, "0 to 255 or of 0 to 1?", ["--origin", "yulunzhang/rcan"], {"pixel_range": 255.0}),
        ("EDSR", {}, "--answer residual_scale=0.1", ["--answer", "residual_scale=0.5"], {"residual_scale": 0.5}),
        ("PAN", {}, "--scale 2 or --scale 3", ["--scale", 3], {"scale": 3}),
        ("PAN", {}, "--scale 2 or --scale 3", ["--answer", "scale=2"], {"scale": 2}),
        ("RDN", {"mean": []}, "0 to 255 or", ["--origin", "sanghyun-son/EDSR-PyTorch"], {"mean": []}),
        (
            "RDN",
            {"mean": []},
            "--pixel-range",
            ["--pixel-range", 255, "--answer", "mean=[0.4488,0.4371,0.4040]"],
            {"mean": [0.4488, 0.4371, 0.4040]},
        ),
        ("DnCNN", {"depth": 7}, "--network DnCNN or --network IRCNN", ["--network", "DnCNN"], {"depth": 7}),
    ],
)
def test_what_no_tensor_tells_is_asked_for(name, options, question, answer, expected, official, tmp_path, capsys):
    file, ours = official(name, **options), tmp_path / "ours.safetensors"
    assert run(file, "--output", ours) == 1
    error = capsys.readouterr().err
    assert question in error
    assert str(file) in error
    assert not ours.exists()
    assert run(file, "--output", ours, *answer) == 0
    found = card(ours)["network"]["init_args"]
    assert {key: found[key] for key in expected} == expected
    load_network(ours)  # no question is left


def test_what_is_taken_from_the_authors_code_is_said_and_can_be_changed(official, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(
        logging.getLogger("restore"), "propagate", True
    )  # the other commands write above their progress bar
    file = official("RCAN")
    for words, activation in ([], "relu"), (["--answer", "activation=silu"], "silu"):
        caplog.clear()
        ours = tmp_path / f"{activation}.safetensors"
        assert run(file, "--output", ours, *words) == 0
        assert card(ours)["network"]["init_args"]["activation"] == activation
        assert ("no tensor of RCAN tells its activation: taken to be relu" in caplog.text) == (not words)
    assert run(file, "--output", tmp_path / "a.safetensors", "--origin", "yulunzhang/RCAN") == 0
    assert "no tensor" not in caplog.text


def test_an_origin_answers_by_the_size_or_not_at_all(official, tmp_path, capsys):
    ours = tmp_path / "ours.safetensors"
    port = ["--origin", "sanghyun-son/EDSR-PyTorch"]
    assert run(official("EDSR", width=64, blocks=16), "--output", ours, *port) == 0
    assert card(ours)["network"]["init_args"]["residual_scale"] == 1.0
    assert run(official("EDSR"), "--output", tmp_path / "b.safetensors", *port) == 1  # a size that they have not
    assert "tells its residual_scale" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("repository", "make"),
    [
        ("daitao/SAN", lambda: SAN(2, 3, 16, 1, 1, attention=partial(SecondOrderChannelAttention, reduction=4))),
        ("yulunzhang/RNAN", lambda: RNAN(2, 3, 4, groups=2)),
        ("yulunzhang/RNAN", lambda: RNAN(1, 3, 4, groups=2)),
        ("yulunzhang/RNAN", lambda: RNAN(1, 1, 4, groups=2)),
        ("wwlCape/HAN", lambda: HAN(2, 3, 16, 1, 1)),
    ],
    ids=["SAN", "RNAN x2", "RNAN of colour", "RNAN of gray", "HAN"],
)
def test_the_range_of_networks_with_pictures_of_0_to_255_is_their_origins(repository, make, tmp_path, capsys):
    model = make()
    state = to_official(model)
    if model.shifts:  # trained far away from any published mean, as the authors' weights may be
        state["sub_mean.bias"] = torch.tensor([-10.0, -300.0, 5.0])
    torch.save(state, tmp_path / "theirs.pth")
    words = (tmp_path / "theirs.pth", "--output", tmp_path / "ours.safetensors")
    assert run(*words) == 1
    assert "0 to 255 or of 0 to 1?" in capsys.readouterr().err
    assert run(*words, "--origin", repository.lower()) == 0
    assert card(tmp_path / "ours.safetensors")["network"]["init_args"]["pixel_range"] == 255.0
    assert run(*words, "--origin", repository, "--pixel-range", 1, "--overwrite") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--origin", "yulunzhang/RCANN"], "Did you mean yulunzhang/RCAN?"),
        (["--origin", "njulj/RFDN"], "The file is of RCAN, of which njulj/RFDN says nothing; it is known for RFDN."),
        (["--origin", "yulunzhang/RCAN", "--pixel-range", 1], "RCAN of yulunzhang/RCAN has pixel_range=255, got 1."),
        (["--pixel-range", 1], "The mean shift of this checkpoint is for 0 to 255, got pixel_range=1"),
        (["--answer", "width=16"], "tells width=8 of this RCAN, the answers 16"),
        (["--answer", "depth=3"], "RCAN has no option 'depth'"),
        (["--network", "IMDN"], "are of no known network"),
        (["--to", "official"], "The output ours.safetensors must end in .pth or .pt."),
    ],
)
def test_answers_that_contradict_the_file_are_refused(words, message, official, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(official("RCAN"), "--output", "ours.safetensors", *words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "ours.safetensors").exists()


def test_an_answer_may_not_contradict_the_origin(official, tmp_path, capsys):
    words = ["--origin", "sanghyun-son/EDSR-PyTorch", "--answer", "mean=[0.1,0.2,0.3]"]
    assert run(official("RDN", mean=[]), "--output", tmp_path / "a.safetensors", *words) == 1
    assert "have mean=[], the answer is [0.1, 0.2, 0.3]" in capsys.readouterr().err


def test_what_exists_is_not_replaced_unless_asked(official, tmp_path, capsys):
    file, ours = official("DnCNN"), tmp_path / "ours.safetensors"
    ours.write_bytes(b"precious")
    assert run(file, "--output", ours) == 1
    assert "exists. Choose another name, or give --overwrite" in capsys.readouterr().err
    assert ours.read_bytes() == b"precious"
    assert run(file, "--output", ours, "--overwrite") == 0
    assert card(ours)["model"] == "ours"
    assert run(ours, "--output", ours, "--overwrite") == 1
    assert "the input itself" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DnCNN.pth", "ours.safetensors"]


def test_an_output_that_cannot_be_written_is_told(official, tmp_path, capsys):
    (tmp_path / "file").touch()
    for name, words in (("a.safetensors", []), ("a.pth", ["--to", "official"])):
        assert run(official("DnCNN"), "--output", tmp_path / "file" / name, *words) == 1
        assert f"{name} cannot be written" in capsys.readouterr().err


class Code:
    def __reduce__(self):
        return print, ("this must not be printed",)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda file: torch.save({"model": Code()}, file), "save model.state_dict() alone"),
        (lambda file: torch.save(torch.nn.Conv2d(1, 1, 1), file), "save model.state_dict() alone"),
        (lambda file: file.write_bytes(pickle.dumps(Code())), "code could be in it"),
        (lambda file: file.write_bytes(b"PK\x03\x04 no archive"), "damaged or no checkpoint"),
        (lambda file: file.touch(), "damaged"),
        (lambda file: torch.save({"epoch": 3}, file), "Holds no weights by name"),
        (lambda file: torch.save({"fc.weight": torch.zeros(2, 2)}, file), "are of no known network"),
    ],
    ids=["code", "module", "pickle", "archive", "empty", "numbers", "stranger"],
)
def test_files_that_are_no_tensors_of_a_known_network_are_explained(write, message, tmp_path, capsys):
    write(tmp_path / "theirs.pth")
    assert run(tmp_path / "theirs.pth", "--output", tmp_path / "ours.safetensors") == 1
    said = capsys.readouterr()
    assert message in said.err
    assert "theirs.pth" in said.err
    assert "must not be printed" not in said.out


def test_tensors_in_a_foreign_safetensors_file_are_taken_too(tmp_path):
    save_file(to_official(network("DnCNN")), tmp_path / "theirs.safetensors")
    assert run(tmp_path / "theirs.safetensors", "--output", tmp_path / "ours.safetensors") == 0
    assert torch.equal(load_network(tmp_path / "ours.safetensors")[0].head.weight, network("DnCNN").head.weight)


def test_networks_without_authors_have_no_official_names(tmp_path, capsys):
    spec = {"class_path": "restore.networks.UNet", "init_args": {"widths": [8], "blocks": [1]}}
    save_network(tmp_path / "unet.safetensors", build(spec), {"network": spec})
    assert run(tmp_path / "unet.safetensors", "--to", "official", "--output", tmp_path / "a.pth") == 1
    assert "There are no official names for UNet" in capsys.readouterr().err
    assert run(tmp_path / "none.pth", "--output", tmp_path / "a.safetensors") == 1
    assert "There is no file" in capsys.readouterr().err
    save_network(tmp_path / "dncnn.safetensors", network("DnCNN"), card_of("DnCNN"))
    words = ["--to", "official", "--output", tmp_path / "a.pth", "--scale", 2]
    assert run(tmp_path / "dncnn.safetensors", *words) == 1
    assert "--scale is for official files" in capsys.readouterr().err


def card_of(name):
    return {"network": {"class_path": f"restore.networks.{name}", "init_args": SPECS[name]}}


@pytest.mark.parametrize("word", ["residual_scale", "=3", "a-b=3"])
def test_an_answer_has_a_name_and_a_value(word, capsys):
    with pytest.raises(SystemExit) as end:
        run("a.pth", "--output", "b.safetensors", "--answer", word)
    assert end.value.code == 2
    assert f"'{word}' is not NAME=VALUE" in capsys.readouterr().err


def test_origins_speak_of_networks_and_arguments_that_there_are():
    known = {family.network.__name__: family.network for family in FAMILIES}
    for origin in ORIGINS:
        cls = known[origin.network]
        accepted = cls.__init__.__annotations__
        assert set(origin.answers) | set(origin.where) <= set(accepted), origin


@pytest.mark.parametrize(
    ("name", "noisy"), [("dncnn_25", True), ("IMDN_x4", False), ("RFDN_AIM", False), ("PANx4_DF2K", False)]
)
def test_published_weights_go_there_and_back_and_work(name, noisy, shared, tmp_path):
    file, ours = shared / f"reference/weights/{name}.pth", tmp_path / "ours.safetensors"
    if not file.is_file():
        pytest.skip(f"there is no {file}")
    assert run(file, "--output", ours) == 0
    assert run(ours, "--to", "official", "--output", tmp_path / "back.pth") == 0
    before, after = (torch.load(path, weights_only=True, map_location="cpu") for path in (file, tmp_path / "back.pth"))
    before = {key.removeprefix("module."): tensor for key, tensor in before.items()}
    assert before.keys() == after.keys()
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items())

    rows, columns = np.mgrid[:40, :48]
    clean = np.rint(127 + 80 * np.sin(rows / 5) * np.cos(columns / 7))[:, :, None]
    noise = np.random.default_rng(0).normal(0, 25 if noisy else 0, clean.shape)
    write_picture(tmp_path / "in/a.png", Picture(np.clip(clean + noise, 0, 255).astype(np.uint8)))
    command = "denoise" if noisy else "upscale"
    words = [command, tmp_path / "in", "--output", tmp_path / "out", "--checkpoint", ours, "--precision", "fp32"]
    assert main([*map(str, words)]) == 0
    scale = 1 if noisy else 4
    restored = read_picture(tmp_path / "out/a.png").pixels
    assert restored.shape == (40 * scale, 48 * scale, 1)
    small = restored.reshape(40, scale, 48, scale).mean((1, 3))[:, :, None]
    assert np.abs(small - clean).mean() < (10 if noisy else 2)
