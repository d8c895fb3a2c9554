"""Alembic migrations, shipped in the wheel; ``migrate`` brings a store to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from services.domain.errors import ConfigurationError
from services.store.database import Store

HERE = Path(__file__).parent


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    return config


def current_revision(store: Store) -> str | None:
    """The store's schema revision; None = an empty database."""
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision this program expects."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise ConfigurationError("This installation ships no migrations: install the package again.")
    return revision


def migrate(store: Store) -> str:
    """Bring the schema up to date, each step in its own transaction; returns the revision reached.

    Killed half-way, the next call goes on where it stopped. Raises ConfigurationError when the store was written by a
    newer version.
    """
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    here = current_revision(store)
    if here is not None and here not in known:
        raise ConfigurationError(
            f"The database has schema {here}, which this version does not know: it was written by a newer Hireboard. "
            "Install that version or restore a backup."
        )
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return head_revision()


def require_current(store: Store) -> None:
    """Raise ConfigurationError unless the schema is the one this program expects."""
    with store.read() as connection:
        is_empty = not inspect(connection).has_table("alembic_version")
    if is_empty or current_revision(store) != head_revision():
        raise ConfigurationError("The database schema is not up to date: run `hireboard migrate`.")
