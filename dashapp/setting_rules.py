"""What each setting accepts: pure checks that raise ValueError with the reason, and the texts that say the rule."""

from __future__ import annotations

import difflib
import ipaddress
import os
import zoneinfo
from collections.abc import Iterable
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.delivery.failpoints import parse as parse_failpoints
from services.domain.errors import ConfigurationError

DATABASE_URLS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
MART_URLS = (
    "duckdb:///FOLDER with an absolute path, postgresql://USER:PASSWORD@HOST:PORT/DATABASE or "
    "clickhouse://USER:PASSWORD@HOST:PORT[/?secure=true] (its HTTP port)"
)
MART_ENGINES = ("postgresql", "clickhouse")
REDIS_URLS = "redis://[:PASSWORD@]HOST:PORT/NUMBER, rediss://… or unix://PATH"
SMTP_URLS = "smtp://[USER:PASSWORD@]HOST:PORT (STARTTLS, demanded off loopback) or smtps://…"
BASE_URLS = "http://HOST[:PORT] or https://HOST[:PORT][/PATH]; production takes https only"
MAIL_ADDRESSES = "an address, or a name with an address in <>"
SECRET_KEYS = "32 or more random characters, for instance of `openssl rand -base64 48`"  # noqa: S105  # a rule, not a key
FAILPOINTS = "NAME=ACTION[,COUNT] separated by ';' where ACTION is crash, raise, sleep or enospc"

KEY_LENGTH = 32
DISTINCT_CHARACTERS = 10
# Values from documentation, examples and advisories (CVE-2023-27524 and its like); compared without case and padding.
KNOWN_KEY_PARTS = (
    "changeme", "change_me", "change-me", "secret", "password", "default", "example", "your_own", "yourkey", "thisismy",
    "insecure", "placeholder", "temporary", "test_key", "development", "x02x01thisismyscretkey",
)  # fmt: skip


def writable_folder(folder: Path) -> Path:
    """The folder, absolute; it, or the nearest parent that exists, must be writable."""
    folder = folder.absolute()
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"{nearest} cannot be written")
    return folder


def database_url(value: str) -> str:
    if not value:
        return value
    try:
        parsed = make_url(value)
    except (ArgumentError, ValueError) as error:
        raise ValueError("not an address") from error
    backend = parsed.drivername.split("+")[0]
    if backend not in {"sqlite", "postgresql"} or not parsed.database or parsed.database == ":memory:":
        raise ValueError("another kind of database, or none named")
    return value


def mart_url(value: str) -> str:
    if not value or value.startswith("duckdb:////"):
        return value
    try:
        parsed = make_url(value)
    except (ArgumentError, ValueError) as error:
        raise ValueError("not an address") from error
    needs_database = parsed.drivername == "postgresql"
    if parsed.drivername not in MART_ENGINES or not parsed.host or bool(parsed.database) != needs_database:
        raise ValueError("neither an absolute folder nor a database that is supported")
    return value


def redis_url(value: str | None) -> str | None:
    return _with_scheme(value, {"redis", "rediss", "unix"})


def smtp_url(value: str | None) -> str | None:
    return _with_scheme(value, {"smtp", "smtps"})


def _with_scheme(value: str | None, schemes: set[str]) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    place = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in schemes or not place:
        raise ValueError("another kind of address, or no host")
    _ = parts.port  # raises ValueError for a port that is no port
    return value


def mail_address(value: str) -> str:
    _, address = parseaddr(value)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or "\n" in value or "\r" in value:
        raise ValueError("no address in it")
    return value


def base_url(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("not a plain web address")
    _ = parts.port
    return value.rstrip("/")


def time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no such zone") from error
    return value


def within(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError("out of range")
    return value


def failpoints(value: str) -> str:
    try:
        parse_failpoints(value)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error
    return value


def program(value: Path | None) -> Path | None:
    if value is not None and not os.access(value, os.X_OK):
        raise ValueError("not a program")
    return value


def is_loopback(host: str) -> bool:
    """True for 127.0.0.0/8, ::1 and localhost: addresses that only this machine reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bracketed(host: str) -> str:
    """The host as it stands in a web address."""
    return f"[{host}]" if ":" in host else host


def closest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def refuse_strangers(*, host: str, base_url: str) -> None:
    """Embedded mode has demonstration accounts with printed passwords, so nobody else may reach it."""
    if not is_loopback(host):
        raise ValueError(
            f"HIREBOARD_HOST is {host!r}, but embedded mode accepts loopback addresses only (127.0.0.1, ::1, "
            "localhost). Set HIREBOARD_MODE=production to serve others."
        )
    if base_url and not is_loopback(urlsplit(base_url).hostname or ""):
        raise ValueError(
            f"HIREBOARD_BASE_URL is {base_url!r}, but embedded mode accepts loopback addresses only. Set "
            "HIREBOARD_MODE=production to serve others."
        )


def refuse_laptop_defaults(*, key: str, base_url: str, database_url: str, failpoints: str) -> None:
    """Production needs what embedded mode makes up."""
    weakness = key_weakness(key)
    if weakness:
        raise ValueError(f"HIREBOARD_SECRET_KEY {weakness}; in production it accepts {SECRET_KEYS}.")
    if not base_url.startswith("https://"):
        raise ValueError(
            f"HIREBOARD_BASE_URL is {base_url!r}; in production it accepts https://HOST[:PORT][/PATH], the address "
            "that people open (a proxy in front may end TLS)."
        )
    if not database_url:
        raise ValueError(
            f"HIREBOARD_DATABASE_URL is not set; in production it accepts {DATABASE_URLS}, named explicitly."
        )
    if failpoints:
        raise ValueError("HIREBOARD_FAILPOINTS is set; in production it accepts nothing: it would break the server.")


def key_weakness(key: str) -> str:
    """Why this key can be guessed; empty when nothing speaks against it."""
    plain = key.strip().lower()
    if not plain:
        return "is not set"
    if any(part in plain for part in KNOWN_KEY_PARTS):
        return "holds a word known from examples"
    if len(plain) < KEY_LENGTH:
        return f"has {len(plain)} characters, fewer than {KEY_LENGTH}"
    if len(set(plain)) < DISTINCT_CHARACTERS:
        return "repeats a few characters"
    return ""
