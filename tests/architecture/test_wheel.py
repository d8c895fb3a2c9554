"""13: the built wheel, installed into another environment, holds everything and starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.services_for_tests import die_with_parent, free_port

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return folder / made.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """`bin` of another environment: our wheel is really installed there; the third parties are borrowed from here."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    site = Path(
        sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder), "installed_base": ""})
    )
    _install(wheel, site, folder / "bin")
    # A path line, not a site folder: the link to the checkout that lies there is not followed.
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin"


def _install(wheel: Path, site: Path, programs: Path) -> None:
    """What an installer does with a wheel of pure Python."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    command = programs / "hireboard"
    command.write_text(f"#!{programs / 'python'}\nfrom dashapp.cli import main\nmain()\n")
    command.chmod(0o755)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Settings of the installed server, far from the checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HIREBOARD_", "PYTHON", "COV"))}
    folder = tmp_path_factory.mktemp("installed")
    return clean | {"HIREBOARD_DATA_DIR": str(folder / "data"), "HOME": str(folder)}


def _hireboard(elsewhere, environment, *arguments):
    command = [elsewhere / "hireboard", *arguments]
    folder = environment["HOME"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_wheel_holds_every_tracked_file_of_the_product(wheel):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "dashapp", "layouts", "callbacks", "services", "reports", "assets", "wsgi.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    tracked = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    expected = {
        name.replace("assets/", "dashapp/_assets/", 1) if name.startswith("assets/") else name for name in tracked
    }
    with zipfile.ZipFile(wheel) as archive:
        assert expected - set(archive.namelist()) == set()


def test_the_installed_program_comes_from_the_wheel(elsewhere, environment):
    answer = subprocess.run(
        [elsewhere / "python", "-c", "import dashapp, services; print(dashapp.__file__, services.__file__)"],
        cwd=environment["HOME"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert str(ROOT) not in answer.stdout


def test_the_installed_program_is_in_order(elsewhere, environment):
    assert _hireboard(elsewhere, environment, "migrate").returncode == 0
    answer = _hireboard(elsewhere, environment, "check", "--json")
    assert [finding for finding in json.loads(answer.stdout)["checks"] if not finding["ok"]] == []
    assert answer.returncode == 0


@pytest.mark.parametrize("server", ["hireboard web", "gunicorn wsgi:server"])
def test_the_installed_web_server_answers(elsewhere, environment, server):
    assert _hireboard(elsewhere, environment, "migrate").returncode == 0
    port = free_port()
    given = environment | {"HIREBOARD_PORT": str(port)}
    if server == "hireboard web":
        command = [elsewhere / "hireboard", "web"]
    else:
        command = [elsewhere / "python", "-m", "gunicorn", "-k", "gthread", "-b", f"127.0.0.1:{port}", "wsgi:server"]
    process = subprocess.Popen(
        command,
        cwd=environment["HOME"],
        env=given,
        preexec_fn=die_with_parent(15),  # noqa: PLW1509  # one prctl, nothing that locks
    )
    try:
        assert _status(f"http://127.0.0.1:{port}/healthz") == 200
        assert _status(f"http://127.0.0.1:{port}/assets/favicon.svg") == 200
    finally:
        process.terminate()
        process.wait(timeout=30)


def _status(address: str, timeout_s: float = 60) -> int:
    """HTTP status once something answers."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # our own server
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
