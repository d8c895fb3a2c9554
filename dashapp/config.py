"""Settings: every HIREBOARD_* variable, read once, refused with one sentence when wrong.

What admins change while the server runs (targets, thresholds, schedules, policy) lives in the store, not here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dashapp import setting_rules as rules
from dashapp.signing_key import read_or_create_key
from services.domain.errors import ConfigurationError

PREFIX = "HIREBOARD_"
CHECKOUT = Path(__file__).resolve().parent.parent
# Not settings of the server: script/ reads the first, the suite counts failpoints across processes with the second.
TOOL_VARIABLES = frozenset({"HIREBOARD_PYTHON", "HIREBOARD_FAILPOINTS_TALLY"})


def _setting(default: Any, accepts: str, *, shown: bool = True) -> Any:
    """``shown`` false = the value may hold a password and stays out of every text."""
    return Field(default=default, json_schema_extra={"accepts": accepts}, repr=shown)


def default_data_dir() -> Path:
    """``var/`` in a checkout; the user's data folder where the package is installed."""
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT / "var"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "hireboard"


class Settings(BaseSettings):
    """How this installation runs. Frozen; made by ``load_settings`` (or by keyword in tests)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )
    SECRETS: ClassVar[tuple[str, ...]] = ("secret_key", "database_url", "mart_url", "redis_url", "smtp_url")

    mode: Literal["embedded", "production"] = _setting("embedded", "embedded or production")
    """`embedded`: everything on this machine, loopback only, nothing to configure. `production`: refuses defaults that
    are only safe on one laptop (no secret key, no https address, no database named, demonstration accounts)."""

    data_dir: Path = _setting(None, "a folder that can be made and written")
    """Folder of the SQLite file, mart snapshots, archive, local mail and cache. Default: `var/` in a checkout."""

    database_url: str = _setting("", rules.DATABASE_URLS, shown=False)
    """The system of record. Default: a SQLite file in the data folder; production must name it."""

    mart_url: str = _setting("", rules.MART_URLS, shown=False)
    """What answers questions: the folder of the mart's snapshots, or a database that each snapshot is published to.
    Default: the folder `mart` in the data folder, where snapshots are built in any case."""

    redis_url: str | None = _setting(None, rules.REDIS_URLS, shown=False)
    """Shared cache. Default: none, the cache is files in the data folder."""

    smtp_url: str | None = _setting(None, rules.SMTP_URLS, shown=False)
    """Where mail is handed over. Default: none, mail goes to a local folder that the admin opens in the browser."""

    mail_from: str = _setting("Hireboard <hireboard@localhost>", rules.MAIL_ADDRESSES)
    """Sender of every mail."""

    base_url: str = _setting("", rules.BASE_URLS)
    """The address people open, used in links of mails and reports. Default: `http://HOST:PORT`."""

    secret_key: SecretStr | None = _setting(None, rules.SECRET_KEYS, shown=False)
    """Signs forms and links. Default when embedded: made once, kept in the data folder; production must set it."""

    timezone: str = _setting("UTC", "a name of the time zone database, such as Europe/Berlin")
    """The company's zone: periods, schedules and \"today\" follow it."""

    workers: int = _setting(1, "a whole number from 1 to 64")
    """Processes that render reports."""

    host: str = _setting("127.0.0.1", "an IP address or localhost; embedded mode takes loopback only")
    """Address the web server binds."""

    port: int = _setting(8050, "a whole number from 1 to 65535")
    """Port the web server binds."""

    failpoints: str = _setting("", rules.FAILPOINTS)
    """Faults to inject, for tests of recovery. Refused in production."""

    browser: Path | None = _setting(None, "the path of a Chromium or Chrome program")
    """The browser of the test suite, where it is not Debian's. The server does not use it."""

    # --- one value at a time --------------------------------------------------------------------------------------

    @field_validator("data_dir", mode="before")
    @classmethod
    def _data_dir_can_be_written(cls, value: Any) -> Path:
        return rules.writable_folder(Path(value).expanduser())

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        return rules.database_url(value)

    @field_validator("mart_url")
    @classmethod
    def _mart_is_known(cls, value: str) -> str:
        return rules.mart_url(value)

    @field_validator("redis_url")
    @classmethod
    def _redis_is_known(cls, value: str | None) -> str | None:
        return rules.redis_url(value)

    @field_validator("smtp_url")
    @classmethod
    def _smtp_is_known(cls, value: str | None) -> str | None:
        return rules.smtp_url(value)

    @field_validator("mail_from")
    @classmethod
    def _sender_is_an_address(cls, value: str) -> str:
        return rules.mail_address(value)

    @field_validator("base_url")
    @classmethod
    def _base_url_is_web(cls, value: str) -> str:
        return rules.base_url(value)

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return rules.time_zone(value)

    @field_validator("workers")
    @classmethod
    def _workers_are_sane(cls, value: int) -> int:
        return rules.within(value, 1, 64)

    @field_validator("port")
    @classmethod
    def _port_exists(cls, value: int) -> int:
        return rules.within(value, 1, 65535)

    @field_validator("failpoints")
    @classmethod
    def _failpoints_parse(cls, value: str) -> str:
        return rules.failpoints(value)

    @field_validator("browser")
    @classmethod
    def _browser_exists(cls, value: Path | None) -> Path | None:
        return rules.program(value)

    # --- the values together --------------------------------------------------------------------------------------

    @model_validator(mode="before")
    @classmethod
    def _fill_data_dir(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "data_dir": values.get("data_dir") or default_data_dir()}

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.mode == "production":
            rules.refuse_laptop_defaults(
                key=self.secret_key.get_secret_value() if self.secret_key else "",
                base_url=self.base_url,
                database_url=self.database_url,
                failpoints=self.failpoints,
            )
        else:
            rules.refuse_strangers(host=self.host, base_url=self.base_url)
        filled = {
            "database_url": self.database_url or f"sqlite:///{self.data_dir / 'hireboard.sqlite'}",
            "mart_url": self.mart_url or f"duckdb:///{self.data_dir / 'mart'}",
            "base_url": self.base_url or f"http://{rules.bracketed(self.host)}:{self.port}",
        }
        for name, value in filled.items():
            object.__setattr__(self, name, value)  # before anybody has seen the frozen object
        return self

    # --- what follows from them -----------------------------------------------------------------------------------

    @property
    def is_production(self) -> bool:
        return self.mode == "production"

    @property
    def is_https(self) -> bool:
        """Cookies are Secure and HSTS is sent when people come by https."""
        return self.base_url.startswith("https://")

    @property
    def mart_dir(self) -> Path:
        """Where snapshots are built, whatever answers from them."""
        if not self.mart_url.startswith("duckdb:"):
            return self.data_dir / "mart"
        return Path(self.mart_url.removeprefix("duckdb:///"))

    @property
    def archive_dir(self) -> Path:
        return self.data_dir / "archive"

    @property
    def mail_dir(self) -> Path:
        """The local mail folder, used when no SMTP server is named."""
        return self.data_dir / "mail"

    @property
    def cache_dir(self) -> Path:
        return self.data_dir / "cache"

    def signing_key(self) -> str:
        """The secret key; in embedded mode made at the first call and kept in the data folder, readable by us only."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        return read_or_create_key(self.data_dir / "secret_key")


def load_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, a `.env` file and ``overrides`` (which win; None = not given).

    Raises ConfigurationError with one sentence that names the variable and what it accepts.
    """
    given = _variables(os.environ if environment is None else environment)
    values: dict[str, Any] = {name.removeprefix(PREFIX).lower(): value for name, value in given.items()}
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return _from_values(values)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error)) from error


def _from_values(values: dict[str, Any]) -> Settings:
    """``values`` only: what the environment holds besides was looked at already."""
    known = {name: values.get(name, Settings.model_fields[name].default) for name in Settings.model_fields}
    return Settings(**known)


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """HIREBOARD_* of a `.env` file and of the environment (which wins), ``…_FILE`` read, empty ones left out."""
    home = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
    merged = {**dotenv_values(home / ".env"), **environment}
    found = {name: value for name, value in merged.items() if name.startswith(PREFIX) and value}
    for name in [f"{PREFIX}{secret.upper()}" for secret in Settings.SECRETS]:
        file = found.pop(f"{name}_FILE", None)
        if file and name in found:
            raise ConfigurationError(f"{name} and {name}_FILE are both set: keep one of them.")
        if file:
            found[name] = _secret_from(f"{name}_FILE", Path(file))
    _refuse_unknown(found)
    return {name: value for name, value in found.items() if name not in TOOL_VARIABLES}


def _secret_from(variable: str, file: Path) -> str:
    try:
        content = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigurationError(f"{variable} names {file}, which cannot be read ({reason}).") from error
    if not content:
        raise ConfigurationError(f"{variable} names {file}, which is empty: it must hold the secret and nothing else.")
    return content


def _refuse_unknown(found: Mapping[str, str]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | TOOL_VARIABLES
    for name in sorted(found.keys() - known):
        raise ConfigurationError(f"{name} is not a setting{rules.closest(name, known)}. Remove it or correct its name.")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return str(first["ctx"]["error"])  # a rule over several values: its text names the variables
    field = str(first["loc"][0])
    variable = f"{PREFIX}{field.upper()}"
    extra = Settings.model_fields[field].json_schema_extra
    accepts = extra["accepts"] if isinstance(extra, dict) else ""
    given = "the value given (not shown)" if field in Settings.SECRETS else repr(str(first["input"]))
    reason = f" ({first['ctx']['error']})" if first["type"] == "value_error" and str(first["ctx"]["error"]) else ""
    return f"{variable} does not accept {given}{reason}. It accepts {accepts}."
