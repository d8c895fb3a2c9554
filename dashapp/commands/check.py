"""`hireboard check`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import importlib
import json
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from urllib.parse import urlsplit

import click
from sqlalchemy import func, select

from dashapp.commands.import_ import spool_folder
from dashapp.config import Settings, load_settings
from services.delivery.transports import parse_smtp_url
from services.domain.errors import HireboardError
from services.domain.import_batches import blocked_by
from services.ingest.batches import blocking_imports
from services.ingest.import_lock import running_import
from services.store.database import Store
from services.store.migrations import current_revision, require_current
from services.store.tables import UserAccount

OUR_PACKAGES = ("callbacks", "dashapp", "layouts", "reports", "services")
MINIMUM_PYTHON = (3, 11)
TIMEOUT_S = 3


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``words`` say what is so, or what is wrong and what to do."""

    name: str
    ok: bool
    words: str


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(*, as_json: bool) -> int:
    """Look at settings, libraries, packaging, database and permissions; status 1 when something is wrong."""
    findings = list(check())
    good = all(finding.ok for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": good, "checks": [asdict(finding) for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.name}: {finding.words}")
    return 0 if good else 1


def check() -> Iterator[Finding]:
    """Every finding; those that need settings are left out when the settings are wrong."""
    yield _attempt("python", _python)
    yield _attempt("libraries", libraries)
    yield _attempt("PDF", pdf_libraries)
    yield _attempt("packaging", packaging)
    try:
        settings = load_settings()
    except HireboardError as error:
        yield Finding("settings", ok=False, words=str(error))
        return
    yield Finding("settings", ok=True, words=f"{settings.mode} mode, data in {settings.data_dir}")
    yield _attempt("permissions", lambda: permissions(settings))
    yield _attempt("database", lambda: database(settings))
    yield _attempt("imports", lambda: imports(settings))
    if settings.is_production:
        yield _attempt("accounts", lambda: accounts(settings))
    if not settings.mart_url.startswith("duckdb:"):
        yield _attempt("mart", lambda: mart(settings))
    if settings.redis_url:
        yield _attempt("redis", lambda: reachable(settings.redis_url or "", "HIREBOARD_REDIS_URL", 6379))
    if settings.smtp_url:
        yield _attempt("smtp", lambda: _mail_server(settings.smtp_url or ""))
    elif settings.is_production:
        yield Finding("smtp", ok=False, words="HIREBOARD_SMTP_URL is not set: reports would stay in the local folder.")


class _Wrong(Exception):  # noqa: N818  # an outcome, not an error
    """A check failed; the text says what to do."""


def _attempt(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, ok=True, words=look())
    except (_Wrong, HireboardError) as wrong:
        return Finding(name, ok=False, words=str(wrong))


def _python() -> str:
    if sys.version_info < MINIMUM_PYTHON:
        raise _Wrong(f"Python {sys.version.split()[0]} is too old; install 3.11 or newer.")
    return sys.version.split()[0]


def libraries() -> str:
    """Every required distribution is there; those pinned exactly have that version."""
    try:
        wanted = [line for line in requires("hireboard") or [] if "extra ==" not in line]
    except PackageNotFoundError as error:
        raise _Wrong("The package `hireboard` is not installed in this environment: run script/bootstrap.") from error
    for line in wanted:
        name, _, pinned = line.split(";")[0].partition("==")
        name = _bare_name(name)
        try:
            found = version(name)
        except PackageNotFoundError as error:
            raise _Wrong(f"The library {name} is missing: run script/bootstrap.") from error
        if pinned and found != pinned.strip():
            raise _Wrong(f"{name} is {found}, but exactly {pinned.strip()} is needed: run script/bootstrap.")
    return f"{len(wanted)} found"


def mart(settings: Settings) -> str:
    """The database of HIREBOARD_MART_URL answers."""
    from services.mart.engines.choosing import engine_at  # noqa: PLC0415 - loads DuckDB

    engine = engine_at(settings.mart_url)
    if engine is None:
        return "the snapshot files answer"
    with closing(engine.connect(TIMEOUT_S)) as session:
        version = session.version()
    return f"{engine.name} answers; " + (f"snapshot {version[0]}" if version else "nothing is published there yet")


def _bare_name(requirement: str) -> str:
    for index, character in enumerate(requirement):
        if not (character.isalnum() or character in "-_."):
            return requirement[:index]
    return requirement


def pdf_libraries() -> str:
    """WeasyPrint loads Pango from the system when it is imported."""
    try:
        importlib.import_module("weasyprint")
    except OSError as error:
        raise _Wrong(
            "The system libraries for PDF are missing; install them: "
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        ) from error
    return "Pango found"


def packaging() -> str:
    """Our package names are general words: another distribution can put files over ours without a word."""
    home = Path(__file__).resolve().parents[2]
    owners = packages_distributions()
    for package in OUR_PACKAGES:
        strangers = sorted(set(owners.get(package, [])) - {"hireboard"})
        if strangers:
            raise _Wrong(
                f"{', '.join(strangers)} also installs the package `{package}`. Install Hireboard into an environment "
                "of its own."
            )
        origin = importlib.import_module(package).__file__ or ""
        if Path(origin).resolve().parent.parent != home:
            raise _Wrong(f"The package `{package}` comes from {origin}, not from {home}: install Hireboard again.")
    return f"all five packages come from {home}"


def permissions(settings: Settings) -> str:
    """What is in the data folder is nobody else's business."""
    for file in (settings.data_dir / "secret_key", settings.data_dir / "hireboard.sqlite"):
        if not file.exists():
            continue
        mode = stat.S_IMODE(file.stat().st_mode)
        if file.name == "secret_key" and mode & 0o077:
            raise _Wrong(f"{file} can be read by others (mode {mode:04o}): chmod 600 {file}")
        if mode & 0o002:
            raise _Wrong(f"{file} can be written by everybody (mode {mode:04o}): chmod o-w {file}")
    return "nothing is open to others"


def database(settings: Settings) -> str:
    """Reachable, and at the schema that this program expects."""
    store = Store(settings.database_url)
    file = store.sqlite_path()
    if file is not None and not file.exists():
        raise _Wrong("The database is not there yet: run `hireboard migrate` (`hireboard serve` does it by itself).")
    try:
        require_current(store)
    finally:
        store.dispose()
    return f"{store.dialect}, schema is up to date"


def imports(settings: Settings) -> str:
    """No import is cut off: while one is, no new numbers are published."""
    store = Store(settings.database_url)
    if current_revision(store) is None:
        return "none yet"
    try:
        running = running_import(spool_folder(settings))
        unfinished = [one for one in blocking_imports(store) if one.id != running]
    finally:
        store.dispose()
    if unfinished:
        raise _Wrong(blocked_by(unfinished))
    return "none is cut off" if running is None else f"import {running} runs"


def accounts(settings: Settings) -> str:
    """No demonstration account is left where others come in. They could not sign in, but they do not belong there."""
    store = Store(settings.database_url)
    if current_revision(store) is None:
        return "none yet"
    demonstration = select(func.count()).select_from(UserAccount).where(UserAccount.is_demo, UserAccount.is_active)
    try:
        with store.read() as connection:
            count = connection.execute(demonstration).scalar_one()
    finally:
        store.dispose()
    if count:
        raise _Wrong(f"{count} demonstration accounts are active: start production on a store of its own.")
    return "no demonstration accounts"


def _mail_server(url: str) -> str:
    return reachable(url, "HIREBOARD_SMTP_URL", parse_smtp_url(url).port)


def reachable(url: str, variable: str, default_port: int) -> str:
    """Something listens at the address. Passwords are not tried."""
    parts = urlsplit(url)
    place = f"{parts.hostname or ''}:{parts.port or default_port}"
    try:
        if parts.scheme == "unix":
            place = parts.path
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(TIMEOUT_S)
                probe.connect(parts.path)
        else:
            socket.create_connection((parts.hostname or "", parts.port or default_port), timeout=TIMEOUT_S).close()
    except OSError as error:
        raise _Wrong(f"Nothing answers at {place} ({error}): start it, or correct {variable}.") from error
    return f"answers at {place}"
