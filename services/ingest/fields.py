"""Values of a source to canonical values, one field at a time; what cannot be used is a FieldError that says why."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from services.ingest.entity import KEY_LIMIT, Entity, Field, Kind
from services.ingest.records import EntityRow, FieldError, Scalar

EARLIEST_YEAR: Final = 1990
LATEST_YEAR: Final = 2199
DATE_LENGTH: Final = 10
_UTC_LENGTHS: Final = (20, 24)
_LATEST: Final = f"{LATEST_YEAR}-12-31"
_YES = frozenset({"true", "t", "yes", "y", "1"})
_NO = frozenset({"false", "f", "no", "n", "0"})
_MINOR_DIGITS: Final = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "HUF": 2, "BHD": 3, "KWD": 3, "JOD": 3}


@dataclass(frozen=True)
class Reading:
    """How a source writes its values.

    ``zone`` is for date-times without an offset (a plain date keeps to the zone of the requisition's office).
    ``formats`` are strptime formats tried in order; without any, ISO 8601 is expected.
    """

    now: dt.datetime
    zone: dt.tzinfo = dt.UTC
    formats: tuple[str, ...] = ()
    midnight_is_date: bool = False
    decimal_comma: bool = False
    earliest: ClassVar[str] = f"{EARLIEST_YEAR}-01-01"
    latest: str = field(init=False)
    latest_day: str = field(init=False)

    def __post_init__(self) -> None:
        ahead = self.now.astimezone(dt.UTC) + dt.timedelta(days=1)
        object.__setattr__(self, "latest", ahead.strftime("%Y-%m-%d %H:%M:%S"))
        object.__setattr__(self, "latest_day", (ahead + dt.timedelta(hours=14)).strftime("%Y-%m-%d"))


def canonical_row(
    entity: Entity,
    key: str,
    raw: Mapping[str, object],
    reading: Reading,
    *,
    update_only: bool = False,
) -> EntityRow:
    """The row with every field of ``raw`` checked. Raises FieldError naming the field."""
    values: dict[str, Scalar] = {}
    fields = entity.fields
    for name, given in raw.items():
        spec = fields[name]
        value = None if given is None or given == "" else _READERS[spec.kind](name, given, spec, reading)
        values[name] = value
    if not update_only:
        for name in entity.required:
            if values.get(name) is None:
                raise FieldError(name, f"a {entity.label} needs {name}; it is empty or missing")
    for first, second in entity.spans:
        _check_span(first, second, values.get(first), values.get(second))
    parent = values.get(entity.parent) if entity.parent else None
    return EntityRow(entity.name, checked_key(key), values, str(parent or ""), update_only)


def checked_key(key: str) -> str:
    """An external id that fits. Raises FieldError."""
    if 0 < len(key) <= KEY_LIMIT and key.isascii() and "\x00" not in key:
        return key
    if not key:
        raise FieldError("id", "the record has no id")
    return _checked_text("id", key, KEY_LIMIT)


def _checked_text(name: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise FieldError(name, f"is {len(text):,} characters long; at most {limit:,} are accepted")
    if not text.isascii() and any("\ud800" <= mark <= "\udfff" for mark in text):
        raise FieldError(name, "is not valid UTF-8; save the file as UTF-8 or name its encoding in the mapping")
    if "\x00" in text:
        raise FieldError(name, "holds a NUL character")
    return text


def _read_text(name: str, given: object, spec: Field, _reading: Reading) -> Scalar:
    if type(given) is str and not spec.choices and len(given) <= spec.limit and given.isascii() and "\x00" not in given:
        return given.strip() or None
    if isinstance(given, bool | dict | list):
        raise FieldError(name, f"is {type(given).__name__}, text was expected")
    text = _checked_text(name, given if isinstance(given, str) else _plain(given), spec.limit).strip()
    if not text:
        return None
    if spec.choices and text not in spec.choices:
        accepted = ", ".join(sorted(spec.choices))
        raise FieldError(name, f"{text[:80]!r} is not known; accepted: {accepted}")
    return text


def _plain(given: object) -> str:
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    return str(given)


def _read_instant(name: str, given: object, spec: Field, reading: Reading) -> Scalar:
    if type(given) is str and given[-1] == "Z" and len(given) in _UTC_LENGTHS and not reading.formats:
        text = _utc_text(given)
        if text is not None and reading.earliest <= text <= (reading.latest if spec.past else _LATEST):
            return text
    moment = _moment(name, given, reading)
    if isinstance(moment, dt.datetime):
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=reading.zone)
        text = aware.astimezone(dt.UTC).isoformat(" ", "seconds")[:19]
    else:
        text = moment.isoformat()
    return _bounded(name, text, spec, reading)


def _utc_text(given: str) -> str | None:
    """The commonest form, ``2026-01-31T12:00:00.000Z``, without making a datetime of it twice."""
    try:
        dt.datetime.fromisoformat(given)
    except ValueError:
        return None
    return f"{given[:10]} {given[11:19]}"


def _read_date(name: str, given: object, spec: Field, reading: Reading) -> Scalar:
    moment = _moment(name, given, reading)
    day = moment.date() if isinstance(moment, dt.datetime) else moment
    return _bounded(name, day.isoformat(), spec, reading)


def _bounded(name: str, text: str, spec: Field, reading: Reading) -> str:
    year = int(text[:4])
    if year < EARLIEST_YEAR or year > LATEST_YEAR:
        raise FieldError(name, f"{text} lies outside {EARLIEST_YEAR} to {LATEST_YEAR}")
    if spec.past and text > (reading.latest if len(text) > DATE_LENGTH else reading.latest_day):
        raise FieldError(name, f"{text} lies in the future, but it says what has happened")
    return text


def _moment(name: str, given: object, reading: Reading) -> dt.date:
    if isinstance(given, dt.datetime):
        if reading.midnight_is_date and given.tzinfo is None and given.time() == dt.time():
            return given.date()
        return given
    if isinstance(given, dt.date):
        return given
    if not isinstance(given, str):
        raise FieldError(name, f"{str(given)[:40]!r} is not a date")
    text = given.strip()
    for form in reading.formats:
        try:
            moment = dt.datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the mapping's, set by the caller
        except ValueError:
            continue
        return moment if "%H" in form or "%I" in form else moment.date()
    try:
        return dt.date.fromisoformat(text) if len(text) == DATE_LENGTH else dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        wanted = " or ".join(reading.formats) or "ISO 8601"
        raise FieldError(name, f"{text[:60]!r} is not a date ({wanted} was expected)") from None


def _read_number(name: str, given: object, _spec: Field, reading: Reading) -> Scalar:
    value = float(_decimal(name, given, reading))
    if not math.isfinite(value):
        raise FieldError(name, f"{str(given)[:40]!r} is not a number")
    return value


def _read_integer(name: str, given: object, _spec: Field, reading: Reading) -> Scalar:
    value = _decimal(name, given, reading)
    if value != value.to_integral_value() or abs(value) > 2**31 - 1:
        raise FieldError(name, f"{str(given)[:40]!r} is not a whole number")
    return int(value)


def _read_money(name: str, given: object, _spec: Field, reading: Reading) -> Scalar:
    """Major units, as text that still needs the currency: minor units are made by ``minor_units``."""
    return str(_decimal(name, given, reading))


def minor_units(amount: str, currency: str | None) -> int:
    """``"1234.5"`` EUR = 123450; half a minor unit rounds to even."""
    digits = _MINOR_DIGITS.get((currency or "").upper(), 2)
    return int((Decimal(amount) * 10**digits).to_integral_value())


def _decimal(name: str, given: object, reading: Reading) -> Decimal:
    text = str(given).strip()
    if reading.decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise FieldError(name, f"{text[:40]!r} is not a number") from None
    if not value.is_finite():
        raise FieldError(name, f"{text[:40]!r} is not a number")
    return value


def _read_flag(name: str, given: object, _spec: Field, _reading: Reading) -> Scalar:
    text = str(given).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise FieldError(name, f"{text[:40]!r} is neither yes nor no")


def _check_span(first: str, second: str, start: Scalar, end: Scalar) -> None:
    if not isinstance(start, str) or not isinstance(end, str):
        return
    size = min(len(start), len(end))
    if end[:size] < start[:size]:
        raise FieldError(second, f"{second} {end} lies before {first} {start}")


def local_midnight(day: str, zone: str) -> str:
    """The canonical instant at which ``day`` begins in ``zone``."""
    start = dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    return start.astimezone(dt.UTC).isoformat(" ", "seconds")[:19]


def source_version(given: object) -> str | None:
    """A version that sorts as text: an instant, or a number. None when the source gives none."""
    if given is None or given == "":
        return None
    if type(given) is str and given[-1] == "Z" and len(given) in _UTC_LENGTHS:
        text = _utc_text(given)
        if text is not None:
            return f"{text[:10]}T{text[11:]}.{given[20:-1] or '000'}000"
    if isinstance(given, dt.datetime):
        moment = given
    else:
        text = str(given).strip()
        if text.isdecimal() and len(text) <= 20:  # noqa: PLR2004 - the width the numbers are filled up to
            return text.zfill(20)
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            return text[:40]
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return aware.astimezone(dt.UTC).isoformat(timespec="microseconds")[:26]


_Reader = Callable[[str, object, Field, Reading], Scalar]
_READERS: dict[Kind, _Reader] = {
    Kind.TEXT: _read_text,
    Kind.REFERENCE: _read_text,
    Kind.INSTANT: _read_instant,
    Kind.DATE: _read_date,
    Kind.NUMBER: _read_number,
    Kind.INTEGER: _read_integer,
    Kind.MONEY: _read_money,
    Kind.FLAG: _read_flag,
}
