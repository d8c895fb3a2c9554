"""Declarative base, naming convention and the columns that ingested entities share."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.store.types import UtcDateTime

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives row ids only to INTEGER PRIMARY KEY."""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - the name and shape SQLAlchemy asks for
        str: Text,
        datetime: UtcDateTime,
        date: Date,
        int: Integer,
    }


class Sourced:
    """An entity that came from a source system. ``(source_system, external_id)`` is unique per table."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    external_id: Mapped[str] = mapped_column(String(200))


def reference(target: str, *, index: bool = False) -> Mapped[int]:
    """A required foreign key to ``target`` (``"person.id"``)."""
    return mapped_column(BigId, ForeignKey(target), index=index)


def optional_reference(target: str, *, index: bool = False) -> Mapped[int | None]:
    """A foreign key that may be unknown in the source."""
    return mapped_column(BigId, ForeignKey(target), index=index, nullable=True)
