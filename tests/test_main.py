"""The command line answers at once, and says what to do."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

import restore
from restore.errors import DataError
from restore.main import COMMANDS, expand_configs, main

SCRIPT = """
import sys
import restore
from restore.main import main
words = {words!r}
try:
    status = main(words) if words else 0
except SystemExit as end:
    status = end.code
heavy = sorted(set(sys.modules) & {{"torch", "numpy", "PIL", "yaml", "cv2"}})
print("imported:", *heavy)
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 0),
        (["--help"], 0),
        (["denois"], 2),
        (["fit", "--config", "rcn"], 2),
        (["denoise", "--help"], 0),
        (["denoise", "a", "--otput", "b"], 2),
        (["demo", "--help"], 0),
        (["upscale", "--help"], 0),
        (["upscale", "a", "--scael", "2"], 2),
        (["upscale", "a", "--output", "b", "--scale", "2"], 1),
        (["convert", "--help"], 0),
        (["convert", "none.pth", "--output", "b.safetensors"], 1),
        (["data"], 0),
        (["data", "pac"], 2),
        (["data", "pack", "--help"], 0),
        (["ablate", "--help"], 0),
        (["ablate", "--config", "rcn", "--attention", "NoAttention"], 2),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(words, status):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(words=words)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status
    assert done.stdout.splitlines()[-1] == "imported:"


def test_help_names_every_command_on_one_line(capsys):
    assert main(["--help"]) == main([]) == 0
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name:<10}{command.help}\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"restore {restore.__version__}\n"


@pytest.mark.parametrize(
    ("word", "nearest"),
    [("denois", "denoise"), ("tets", "test"), ("evalute", "evaluate"), ("upscal", "upscale"), ("covnert", "convert")],
)
def test_a_misspelt_command_is_put_right(word, nearest, capsys):
    assert main([word]) == 2
    assert capsys.readouterr().err == f"restore: error: there is no command '{word}': did you mean '{nearest}'?\n"


@pytest.fixture
def recipes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("configs/rcan.yaml", "configs/data/mine.yaml", "here.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("rcan", "configs/rcan.yaml"),
        ("rcan.yaml", "configs/rcan.yaml"),
        ("data/mine", "configs/data/mine.yaml"),
        ("here", "here.yaml"),
        ("./here.yaml", "here.yaml"),
        ("configs/rcan.yaml", "configs/rcan.yaml"),
    ],
)
def test_recipes_are_found_by_bare_name(recipes, name, path):
    for words in (["--config", name], ["-c", name]):
        assert expand_configs(["fit", *words, "--x", "1"]) == ["fit", words[0], path, "--x", "1"]
    assert expand_configs(["fit", f"--config={name}"]) == ["fit", f"--config={path}"]


def test_recipes_of_the_package_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = expand_configs(["fit", "--config", "rcan_small"])[-1]
    assert found.endswith("configs/rcan_small.yaml")


def test_a_misspelt_recipe_is_put_right(recipes, capsys):
    assert main(["fit", "--config", "rcn.yaml"]) == 2
    error = capsys.readouterr().err
    assert "no recipe 'rcn.yaml'" in error
    assert "Did you mean 'rcan.yaml'?" in error
    assert len(error.splitlines()) == 1


def test_recipes_are_expanded_in_sys_argv_and_its_first_word_is_kept(recipes, monkeypatch):
    seen = []
    monkeypatch.setitem(
        sys.modules, "restore.commands.fit", types.SimpleNamespace(main=lambda argv: seen.append(argv) or 0)
    )
    monkeypatch.setattr(sys, "argv", ["somewhere/cli.py", "fit", "--config", "rcan"])
    assert main() == 0
    assert seen == [["fit", "--config", "configs/rcan.yaml"]]
    assert sys.argv == ["somewhere/cli.py", "fit", "--config", "configs/rcan.yaml"]


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (DataError("a.png is empty."), 1, "restore: error: a.png is empty.\n"),
        (KeyboardInterrupt(), 130, "\nrestore: stopped by Ctrl-C\n"),
    ],
)
def test_errors_become_one_line_and_a_status(error, status, text, monkeypatch, capsys):
    def fail(argv: list[str]) -> int:
        raise error

    monkeypatch.setitem(sys.modules, "restore.commands.denoise", types.SimpleNamespace(main=fail))
    assert main(["denoise"]) == status
    assert capsys.readouterr().err == text


def test_an_error_that_nobody_foresaw_is_not_hidden(monkeypatch):
    def fail(argv: list[str]) -> int:
        raise ZeroDivisionError

    monkeypatch.setitem(sys.modules, "restore.commands.denoise", types.SimpleNamespace(main=fail))
    with pytest.raises(ZeroDivisionError):
        main(["denoise"])
