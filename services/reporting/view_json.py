"""A report's view model as canonical JSON and back: what the archive keeps, and what "make again" renders from.

Types travel by name, so the text explains itself. Reading is forgiving in one direction: fields this program no longer
has are dropped, fields it has gained take their defaults.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.domain import metric, people, views
from services.domain.errors import InvalidInputError
from services.domain.views import ReportView


def _classes(kind: type) -> dict[str, type[Any]]:
    found: dict[str, type[Any]] = {}
    for module in (metric, people, views):
        for name, member in vars(module).items():
            is_ours = isinstance(member, type) and member.__module__.startswith("services.domain")
            if is_ours and (issubclass(member, kind) if kind is enum.Enum else dataclasses.is_dataclass(member)):
                found[name] = member
    return found


_ENUMS = _classes(enum.Enum)
_RECORDS = _classes(object)


def to_json(view: ReportView) -> bytes:
    """Canonical: equal views are equal bytes. Raises TypeError for a value no view may hold, ValueError for NaN."""
    return json.dumps(
        _encoded(view), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def from_json(content: bytes) -> ReportView:
    """Raises InvalidInputError when this is no stored view model."""
    try:
        view = _decoded(json.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError("The stored report cannot be read by this version of Hireboard.") from error
    if not isinstance(view, ReportView):
        raise InvalidInputError("The stored document is not a report.")
    return view


def to_plain(view: Any) -> Any:
    """Any view model as plain JSON values; TypeError for a value no view may hold."""
    return _encoded(view)


def from_plain(value: Any) -> Any:
    """What ``to_plain`` was given. KeyError or TypeError for what this version does not know."""
    return _decoded(value)


def _encoded(value: Any) -> Any:  # noqa: PLR0911 - one return a kind of value
    if isinstance(value, enum.Enum):
        return {"~enum": type(value).__name__, "value": value.value}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return {"~datetime": value.isoformat()}
    if isinstance(value, date):
        return {"~date": value.isoformat()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _encoded(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"~type": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {"~map": {str(key): _encoded(part) for key, part in value.items()}}
    if isinstance(value, (tuple, list)):
        return [_encoded(part) for part in value]
    raise TypeError(f"a view model may not hold {type(value).__name__}")


def _decoded(value: Any) -> Any:  # noqa: PLR0911 - as above
    if isinstance(value, list):
        return tuple(_decoded(part) for part in value)
    if not isinstance(value, dict):
        return value
    if "~enum" in value:
        return _ENUMS[value["~enum"]](value["value"])
    if "~datetime" in value:
        return datetime.fromisoformat(value["~datetime"])
    if "~date" in value:
        return date.fromisoformat(value["~date"])
    if "~map" in value:
        return {key: _decoded(part) for key, part in value["~map"].items()}
    record = _RECORDS[value["~type"]]
    known = {field.name for field in dataclasses.fields(record)}
    return record(**{name: _decoded(part) for name, part in value.items() if name in known})
