"""`hireboard serve`: the whole installation under one supervisor."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
from collections.abc import Iterator

import click

from dashapp.config import Settings, load_settings
from dashapp.supervisor import Role, Supervisor
from services.delivery.failpoints import tally_for
from services.domain.errors import ConfigurationError, ConflictError


@click.command("serve")
@click.option("--host", help="Address to bind (HIREBOARD_HOST); embedded mode takes loopback only.")
@click.option("--port", type=int, help="Port to bind (HIREBOARD_PORT).")
def command(host: str | None, port: int | None) -> int:
    """Serve web, scheduler, workers and sender until Ctrl-C or SIGTERM."""
    settings = load_settings(host=host, port=port)
    with only_one(settings):
        require_free_port(settings)
        prepare(settings)
        return supervise(settings)


def prepare(settings: Settings) -> None:
    """Bring the store to the newest schema; give an empty embedded one the demonstration company; build the mart."""
    from dashapp.commands import demo, mart, migrate  # noqa: PLC0415  # the supervisor itself stays small in memory

    migrate.run(settings)
    if not settings.is_production:
        demo.load_if_empty(settings)
    mart.build(settings)


def supervise(settings: Settings) -> int:
    """Run every role; print the address and the sign-ins once the web server answers."""
    greeted = False

    def greet_once() -> None:
        nonlocal greeted
        if not greeted and _answers(settings.host, settings.port):
            greeted = True
            _greet(settings)

    environment = os.environ | {"HIREBOARD_HOST": settings.host, "HIREBOARD_PORT": str(settings.port)}
    environment |= tally_for(environment)
    return Supervisor(roles_of(settings), environment, _say, on_tick=greet_once).run()


def roles_of(settings: Settings) -> list[Role]:
    """One web server, one scheduler, one sender, and as many workers as the setting says."""
    names = ["web", "scheduler", "sender"]
    roles = [Role(name, _command_of(name)) for name in names]
    return roles + [Role(f"worker {number}", _command_of("worker")) for number in range(1, settings.workers + 1)]


def _command_of(role: str) -> list[str]:
    return [sys.executable, "-m", "dashapp.cli", role]


def _greet(settings: Settings) -> None:
    click.echo(f"\nHireboard is at {settings.base_url}   (Ctrl-C stops it)\n")
    if not settings.is_production:
        from dashapp.commands import demo  # noqa: PLC0415  # as in prepare

        demo.print_logins(settings)
    sys.stdout.flush()


def _say(words: str) -> None:
    click.echo(f"serve: {words}", err=True)


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the data folder's lock: two supervisors on one folder would fight over its work."""
    file = settings.data_dir / "serve.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = file.open("w", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"HIREBOARD_DATA_DIR: {settings.data_dir} cannot be used ({error.strerror}); it accepts a folder that can "
            "be made and written."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"Another `hireboard serve` runs on {settings.data_dir}. Stop it, or set HIREBOARD_DATA_DIR to another "
                "folder."
            ) from error
        yield


def require_free_port(settings: Settings) -> None:
    """Raise ConflictError when somebody else listens there already, before any work is done."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ConflictError(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). Stop what uses it, or "
                "choose another with --port or HIREBOARD_PORT."
            ) from error


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.2):
            return True
    except OSError:
        return False
