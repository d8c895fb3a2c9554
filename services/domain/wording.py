"""How numbers, rates, durations, dates and their absence are printed: the same words on page, PDF, mail, CSV and API.

Numbers: 1,234; −2.9 with a real minus; 34%; 8.4% under ten. Dates: 2 Nov 2026, 06:00 CET. Four kinds of nothing:
``0`` was counted, ``n unknown`` did not come, ``–`` does not apply, ``hidden`` is too few. Never NaN, None or blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.domain.metric import Estimator, Reason, Row, Unit

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
HIDDEN = "hidden"
FEW_HIDDEN, FEW_COUNTS, FEW_GREY = 5, 10, 20
"""Below: hidden; counts only; grey with interval and no judgement. From 20 normal."""

_UNIT_WORDS = {
    Unit.COUNT: ("", ""),
    Unit.DAYS: ("day", "days"),
    Unit.HOURS: ("hour", "hours"),
    Unit.BUSINESS_HOURS: ("business hour", "business hours"),
    Unit.BUSINESS_DAYS: ("business day", "business days"),
    Unit.RATE: ("", ""),
    Unit.SCORE: ("", ""),
    Unit.RATIO: ("", ""),
    Unit.MONEY: ("", ""),
}
_DECIMALS = {Unit.COUNT: 0, Unit.MONEY: 0, Unit.RATIO: 2}
_CREDIT_DECIMALS = 2
"""Of a count that is shared between people; every other count is whole."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PERCENT_DECIMAL_BELOW = 0.0995
_EVENT_WORDS = {"time_to_fill": "filled", "feedback_turnaround": "submitted"}


@dataclass(frozen=True)
class Shown:
    """A value as it is printed. ``muted`` = grey, without a judgement; ``note`` = n and why, in words."""

    text: str
    unit: str
    note: str
    muted: bool


def number(value: float, *, decimals: int = 0) -> str:
    """1,234 or −2.9; a rounded zero has no sign."""
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not text.strip("0.,")
    return text if value >= 0 or is_zero else MINUS + text


def percent(rate: float) -> str:
    """34% from 0.34; one decimal under ten per cent, none at zero or from ten on."""
    decimals = 1 if 0 < abs(rate) < _PERCENT_DECIMAL_BELOW else 0
    return number(rate * 100, decimals=decimals) + "%"


def amount(value: float, unit: Unit) -> str:
    """A value without its unit word: ``38.2``, ``88%``, ``412``."""
    if unit is Unit.RATE:
        return percent(value)
    if unit is Unit.COUNT and value != int(value):
        return number(value, decimals=_CREDIT_DECIMALS)
    return number(value, decimals=_DECIMALS.get(unit, 1))


def unit_word(unit: Unit, value: float | None = None) -> str:
    """``days`` or, for exactly 1, ``day``; empty where the number says it all."""
    one, many = _UNIT_WORDS[unit]
    return one if value is not None and number(value, decimals=1) == "1.0" else many


def amount_with_unit(value: float, unit: Unit) -> str:
    """``2.4 business days``, ``88%``."""
    return f"{amount(value, unit)} {unit_word(unit, value)}".strip()


def change(value: float, unit: Unit) -> str:
    """A difference with its sign: ``+3.0``, ``−0.5``, ``+3 pts`` for rates, ``±0`` for none."""
    if unit is Unit.RATE:
        points = number(value * 100, decimals=1 if 0 < abs(value) < _PERCENT_DECIMAL_BELOW else 0)
        return f"{_signed(points)} pts"
    return _signed(number(value, decimals=_DECIMALS.get(unit, 1)))


def _signed(text: str) -> str:
    if not text.strip("0.,"):
        return "±0"
    return text if text.startswith(MINUS) else "+" + text


def span(low: float, high: float, unit: Unit) -> str:
    """``21–48``."""
    return f"{amount(low, unit)}{NOTHING}{amount(high, unit)}"


def sample(row: Row) -> str:
    """``n 41, 25 filled``: subjects and, for curves, events."""
    if row.events is None or row.estimator not in {Estimator.KAPLAN_MEIER, Estimator.AALEN_JOHANSEN}:
        return f"n {number(row.n)}"
    return f"n {number(row.n)}, {number(row.events)} {_EVENT_WORDS.get(row.metric, 'reached')}"


def shown(row: Row) -> Shown:
    """The value, or the words that stand in its place, with n."""
    if row.value is None:
        return _absent(row)
    if row.unit is Unit.COUNT and row.estimator is Estimator.COUNT:
        return Shown(amount(row.value, row.unit), "", row.note or "", muted=False)
    note = sample(row)
    muted = row.n < FEW_GREY
    if muted and row.low is not None and row.high is not None:
        note = f"{span(row.low, row.high, row.unit)}, {note}, too few to judge"
    elif muted:
        note = f"{note}, too few to judge"
    if row.note:
        note = f"{note}, {row.note}"
    return Shown(amount(row.value, row.unit), unit_word(row.unit, row.value), note, muted)


def _absent(row: Row) -> Shown:
    match row.reason:
        case Reason.TOO_FEW if row.n >= FEW_HIDDEN and row.numerator is not None:
            text, note = f"{number(row.numerator)} of {number(row.n)}", f"n {number(row.n)}, too few to judge"
        case Reason.TOO_FEW:
            text, note = HIDDEN, f"n {number(row.n)}, too few to judge"
        case Reason.HIDDEN:
            text, note = HIDDEN, ""
        case Reason.NOT_REACHED:
            text, note = row.note or NOTHING, f"{sample(row)}, half not reached yet"
        case Reason.NOT_LOADED:
            text, note = NOTHING, "source not loaded"
        case Reason.NO_COMPARISON:
            text, note = NOTHING, "no comparison"
        case _:
            text, note = NOTHING, "none in the period"
    unit = unit_word(row.unit) if row.reason is Reason.NOT_REACHED and row.note else ""
    return Shown(text, unit, note, muted=True)


def is_judged(row: Row) -> bool:
    """A status or a comparison may be printed: there is a value, from at least 20 subjects (counts always)."""
    if row.value is None:
        return False
    return row.estimator is Estimator.COUNT or row.n >= FEW_GREY


def on_date(value: date) -> str:
    """``2 Nov 2026``."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def at_instant(value: datetime, timezone: str = "UTC") -> str:
    """``2 Nov 2026, 06:00 CET``: an aware (or naive UTC) instant in the named zone."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    local = aware.astimezone(ZoneInfo(timezone))
    return f"{on_date(local.date())}, {local:%H:%M} {local.tzname()}"
