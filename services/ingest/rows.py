"""Canonical rows to table columns: references resolved, plain dates set to local midnight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from services.ingest import bulk
from services.ingest.entities import ENTITIES
from services.ingest.entity import Entity, Kind
from services.ingest.fields import DATE_LENGTH, local_midnight, minor_units
from services.ingest.records import EntityRow, FieldError, Scalar
from services.ingest.resolve import Resolver, table_of

Columns = dict[str, Scalar]


class MissingSelfReferenceError(FieldError):
    """The record refers to one of its own kind that has not been applied yet."""


def resolve_references(connection: Connection, resolver: Resolver, entity: Entity, rows: Sequence[EntityRow]) -> None:
    """Look up everything ``rows`` refer to in a few queries, creating what a reference may create."""
    for name, field in entity.fields.items():
        if field.kind is Kind.REFERENCE:
            keys = {str(row.values[name]) for row in rows if row.values.get(name) is not None}
            if keys:
                resolver.ids(connection, field.target, keys, create=ENTITIES[field.target].creatable)


def columns_of(connection: Connection, resolver: Resolver, entity: Entity, row: EntityRow) -> Columns:
    """The row's columns. Raises FieldError when something it refers to is not there."""
    columns: Columns = {}
    plain_dates: list[str] = []
    for name, value in row.values.items():
        field = entity.fields[name]
        target = field.column or name
        if value is None:
            columns[target] = None
        elif field.kind is Kind.REFERENCE:
            columns[target] = _reference(resolver, entity, row, name)
        elif field.kind is Kind.MONEY:
            columns[target] = minor_units(str(value), _text(row.values.get("currency")))
        else:
            columns[target] = value
            if field.kind is Kind.INSTANT and len(str(value)) == DATE_LENGTH:
                plain_dates.append(target)
    if plain_dates:
        zone = _zone(connection, resolver, entity, row.key, columns)
        for target in plain_dates:
            columns[target] = local_midnight(str(columns[target]), zone)
    return columns


def _reference(resolver: Resolver, entity: Entity, row: EntityRow, name: str) -> int | None:
    field = entity.fields[name]
    key = str(row.values[name])
    number = resolver.known(field.target).get(key)
    if number is not None or field.may_dangle:
        return number
    label = ENTITIES[field.target].label
    reason = f"{label} {key} is not loaded: it is missing from the export or in quarantine itself"
    if field.target == entity.name:
        raise MissingSelfReferenceError(name, reason)
    raise FieldError(name, reason)


def _zone(connection: Connection, resolver: Resolver, entity: Entity, key: str, columns: Mapping[str, Any]) -> str:
    if entity.name == "requisition":
        return resolver.office_zone(connection, columns.get("office_id"))
    if columns.get("requisition_id") is not None:
        return resolver.requisition_zone(connection, columns["requisition_id"])
    application = columns.get("application_id")
    if entity.name == "application":
        application = resolver.known("application").get(key)
    if application is None and columns.get("interview_id") is not None:
        interview = columns["interview_id"]
        application = resolver.applications_of(connection, "interview", [interview]).get(interview)
    return "UTC" if application is None else resolver.application_zone(connection, application)


def keyed_row(system: str, entity: Entity, row: EntityRow, columns: Mapping[str, Scalar]) -> Columns:
    """Columns for an upsert; an empty value becomes the column's default, if it has one."""
    defaults = bulk.column_defaults(table_of(entity.name))
    stored: Columns = {"source_system": system, "external_id": row.key}
    for name, value in columns.items():
        if name in _NOT_STORED:
            continue
        stored[name] = defaults.get(name) if value is None else value
    return stored


_NOT_STORED = frozenset({"closed_at", "status_only"})


def same_columns(rows: Iterable[Columns]) -> list[list[Columns]]:
    """Groups of rows that have the same columns, each key's last row in the last group it is in."""
    groups: dict[tuple[str, ...], dict[Scalar, Columns]] = {}
    for row in rows:
        groups.setdefault(tuple(row), {})[row.get("external_id", len(groups))] = row
    return [list(group.values()) for group in groups.values()]


def _text(value: Scalar) -> str | None:
    return value if isinstance(value, str) else None
