"""Every command that README shows is one that the command line takes."""

import re
import shlex
from pathlib import Path

import pytest

from restore.main import COMMANDS, expand_configs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^python cli\.py (.+)$", README, re.MULTILINE)


def test_make_demo_and_make_test_stand_first():
    first = re.search(r"```sh\n(.+?)```", README, re.DOTALL)
    assert first is not None
    assert re.findall(r"^make \w+", first[1], re.MULTILINE) == ["make demo", "make test"]


def test_it_is_one_screen():
    assert len(README.splitlines()) <= 75


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_known_and_its_recipe_found(line, monkeypatch):
    monkeypatch.chdir(ROOT)
    words = expand_configs(shlex.split(line))
    assert words[0] in COMMANDS


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("fit")])
def test_every_fit_command_parses(line, monkeypatch, capsys):
    import restore.main

    monkeypatch.chdir(ROOT)
    words = [word for word in shlex.split(line) if word not in ("--ckpt_path", "last")]
    monkeypatch.setattr("sys.argv", ["cli.py"])
    with pytest.raises(SystemExit) as stop:
        restore.main.main([*words, "--print_config"])
    assert stop.value.code == 0
    assert "class_path" in capsys.readouterr().out
