"""The command line finds its commands by file and words every failure in one line."""

from __future__ import annotations

import subprocess
import sys
import types

import click
import pytest

from dashapp import cli
from services.domain.errors import ConfigurationError, InvalidInputError


def _run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "dashapp.cli", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def fake_command(monkeypatch):
    """Puts a command named `probe` in place."""

    def put(action):
        module = types.SimpleNamespace(command=click.command("probe")(action))
        monkeypatch.setattr(cli, "_modules", lambda: {"probe": "probe"})
        monkeypatch.setattr(cli.importlib, "import_module", lambda _name: module)

    return put


def test_a_trailing_underscore_is_python_s_affair():
    assert cli._command_name("import_") == "import"
    assert cli._command_name("snapshot_verify") == "snapshot-verify"


def test_every_command_module_exposes_its_command():
    with click.Context(cli.hireboard) as context:
        for name in cli.hireboard.list_commands(context):
            command = cli.hireboard.get_command(context, name)
            assert command is not None, f"dashapp/commands has a module for `{name}` without `command`"
            assert command.name == name
            assert command.help, f"`hireboard {name}` has no help text"


def test_help_lists_the_commands():
    answer = _run("--help")
    assert answer.returncode == 0
    assert "migrate" in answer.stdout


def test_an_unknown_command_is_wrong_usage():
    answer = _run("fly")
    assert answer.returncode == 2
    assert "No such command 'fly'" in answer.stderr


def test_an_unknown_option_is_wrong_usage():
    assert _run("migrate", "--sideways").returncode == 2


def test_a_wrong_setting_is_one_line_and_status_1(monkeypatch):
    monkeypatch.setenv("HIREBOARD_PORT", "x")
    answer = _run("migrate")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("hireboard: HIREBOARD_PORT does not accept 'x'")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("error", [ConfigurationError, InvalidInputError])
def test_an_error_of_ours_is_one_clear_line(fake_command, capsys, error):
    def fail():
        raise error("The file\nis empty: export it again.")

    fake_command(fail)
    assert cli.run(["probe"]) == 1
    assert capsys.readouterr().err == "hireboard: The file is empty: export it again.\n"


def test_ctrl_c_is_no_traceback(fake_command, capsys):
    def interrupted():
        raise KeyboardInterrupt

    fake_command(interrupted)
    assert cli.run(["probe"]) == 1
    assert capsys.readouterr().err.strip() == "hireboard: Stopped."


def test_a_mistake_of_ours_is_a_line_and_the_traceback_is_kept(fake_command, capsys, monkeypatch, tmp_path):
    def broken():
        raise ZeroDivisionError

    fake_command(broken)
    monkeypatch.setattr(cli.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cli.sys, "argv", ["hireboard", "probe"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    (kept,) = tmp_path.iterdir()
    assert str(kept) in capsys.readouterr().err
    assert "in broken" in kept.read_text()


def test_the_exit_status_of_a_command_is_passed_on(fake_command):
    @click.pass_context
    def say_3(context):
        context.exit(3)

    fake_command(say_3)
    assert cli.run(["probe"]) == 3
