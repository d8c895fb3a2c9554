"""Charts for paper and mail as SVG text in plain Python: about 0.1 ms each, equal input gives equal bytes.

Bars start at zero and are linear; every chart carries its finding as ``<title>``, which becomes the figure's text
alternative in the tagged PDF. Nothing here formats a number: callers pass the words beside the marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import floor, log10

from markupsafe import Markup

from reports.printable import printable

INK, MUTE, FAINT, GRID, TRACK = "#0b1f33", "#52637a", "#6b7b8f", "#e3e9f0", "#e8edf2"
BRAND, BRAND_MID, BRAND_SOFT = "#0f5c8c", "#8fbcd9", "#e1eef6"
GOOD, NEAR, BAD, HOLD = "#12775b", "#b26a00", "#b3261e", "#5f7086"
STATUS_COLOUR = {"on": GOOD, "near": NEAR, "off": BAD, "hold": HOLD}
FONT = "Inter,'Noto Sans Arabic','Noto Sans Hebrew','Noto Sans Thai','Noto Sans Devanagari','Droid Sans Fallback'"
_LONGEST_TITLE = 2000
_LABEL_STEP = 9.4
"""Distance of two direct labels, so that they never overlap."""


def _n(value: float) -> str:
    """Compact coordinate: two decimals at most, so that the SVG is small and the bytes are stable."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _escaped(text: str) -> str:
    return escape(printable(text, limit=_LONGEST_TITLE))


def _svg(width: float, height: float, body: str, title: str) -> Markup:
    size = f"width='{_n(width)}' height='{_n(height)}' viewBox='0 0 {_n(width)} {_n(height)}'"
    size += " preserveAspectRatio='xMinYMid'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img' font-family=\"{FONT}\">"
    return Markup(f"{head}<title>{_escaped(title)}</title>{body}</svg>")  # noqa: S704 - every text went through escape


def _text(
    x: float, y: float, text: str, *, size: float = 8, fill: str = MUTE, anchor: str = "start", weight: int = 400
) -> str:
    place = f"x='{_n(x)}' y='{_n(y)}' font-size='{_n(size)}' fill='{fill}'"
    return f"<text {place} text-anchor='{anchor}' font-weight='{weight}'>{_escaped(text)}</text>"


def _rect(x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> str:
    corner = f" rx='{_n(radius)}'" if radius else ""
    return f"<rect x='{_n(x)}' y='{_n(y)}' width='{_n(width)}' height='{_n(height)}' fill='{fill}'{corner}/>"


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f"<line x1='{_n(x1)}' y1='{_n(y1)}' x2='{_n(x2)}' y2='{_n(y2)}' {style}/>"


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """Unbroken stretches: a month without a value interrupts the line instead of being drawn over."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _polylines(points: Sequence[tuple[float, float | None]], style: str) -> str:
    return "".join(f"<polyline points='{_points(run)}' fill='none' {style}/>" for run in _runs(points) if len(run) > 1)


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round axis values within [low, high]; a degenerate range gives its one value."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    magnitude = 10 ** floor(log10(raw))
    step = min((1, 2, 2.5, 5, 10), key=lambda factor: abs(factor * magnitude - raw)) * magnitude
    first = floor(low / step)
    ticks = [index * step for index in range(first, first + 4 * count) if low - step / 1000 <= index * step]
    return [tick for tick in ticks if tick <= high + step / 1000]


def sparkline(
    values: Sequence[float | None],
    *,
    title: str,
    target: float | None = None,
    status: str | None = None,
    width: float = 116,
    height: float = 26,
) -> Markup:
    """Up to 12 points, oldest first; the last known one as a dot in the status colour, the target dashed."""
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    scale = [*known, target] if target is not None else known
    margin = (max(scale) - min(scale)) * 0.12 or 1
    low, high = min(scale) - margin, max(scale) + margin
    step = (width - 8) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return height - 2 - (value - low) / (high - low) * (height - 4)

    points = [(2 + index * step, None if value is None else y(value)) for index, value in enumerate(values)]
    body = "".join(
        f"<polygon points='{_n(run[0][0])},{_n(height)} {_points(run)} {_n(run[-1][0])},{_n(height)}' "
        f"fill='{BRAND_SOFT}'/>"
        for run in _runs(points)
        if len(run) > 1
    )
    if target is not None:
        dashes = f"stroke='{FAINT}' stroke-width='.7' stroke-dasharray='2 2'"
        body += _line(0, y(target), width, y(target), dashes)
    body += _polylines(points, f"stroke='{BRAND}' stroke-width='1.4' stroke-linejoin='round'")
    last_x, last_y = _runs(points)[-1][-1]
    dot = STATUS_COLOUR.get(status or "", BRAND)
    body += f"<circle cx='{_n(last_x)}' cy='{_n(last_y)}' r='2.6' fill='{dot}' stroke='#fff'/>"
    return _svg(width, height, body, title)


@dataclass(frozen=True)
class FunnelBar:
    """One stage: how many reached it; from the second on, the rate from the stage before with its company figure."""

    label: str
    count: int
    count_text: str
    rate_text: str = ""
    benchmark_text: str = ""
    status: str | None = None


_FUNNEL_SHADES = ("#0b4a72", "#0f5c8c", "#2b78a8", "#4f93bd", "#7db4d5", GOOD)
_FUNNEL_ROW, _FUNNEL_BAR, _FUNNEL_LABEL, _FUNNEL_RATES = 33.0, 19.0, 62.0, 82.0
_INSIDE_FROM = 40.0


def funnel(bars: Sequence[FunnelBar], *, title: str, width: float = 330) -> Markup:
    """Bars on a linear scale from zero with their counts; between two stages the rate and the company's."""
    top = max((bar.count for bar in bars), default=0) or 1
    track = width - _FUNNEL_LABEL - _FUNNEL_RATES
    body = ""
    for index, bar in enumerate(bars):
        y = index * _FUNNEL_ROW
        length = track * bar.count / top
        shade = _FUNNEL_SHADES[-1] if index == len(bars) - 1 else _FUNNEL_SHADES[min(index, 4)]
        body += _text(0, y + 13, bar.label, size=8.2, fill=INK, weight=500)
        body += _rect(_FUNNEL_LABEL, y, track, _FUNNEL_BAR, "#f3f6f9", 2.5)
        if bar.count:
            body += _rect(_FUNNEL_LABEL, y, max(length, 1.2), _FUNNEL_BAR, shade, min(2.5, length / 2))
        if length > _INSIDE_FROM:
            place, colour, anchor = _FUNNEL_LABEL + length - 6, "#fff", "end"
        else:
            place, colour, anchor = _FUNNEL_LABEL + length + 5, INK, "start"
        body += _text(place, y + 13, bar.count_text, size=8.6, fill=colour, anchor=anchor, weight=600)
        if index:
            body += _funnel_rate(bar, y, width)
    return _svg(width, max(len(bars) * _FUNNEL_ROW - 6, 1), body, title)


def _funnel_rate(bar: FunnelBar, y: float, width: float) -> str:
    x = width - _FUNNEL_RATES + 8
    bracket = f"M{_n(x)} {_n(y - _FUNNEL_ROW + _FUNNEL_BAR / 2)} h5 v{_n(_FUNNEL_ROW)} h-5"
    body = f"<path d='{bracket}' fill='none' stroke='#c8d3de' stroke-width='.8'/>"
    colour = STATUS_COLOUR.get(bar.status or "", INK)
    muted = MUTE if bar.status == "muted" else colour
    body += _text(x + 11, y - 5, bar.rate_text, size=9, fill=muted, weight=600)
    return body + _text(x + 11, y + 4, bar.benchmark_text, size=6.8, fill=FAINT)


@dataclass(frozen=True)
class TrendMark:
    """One period of a trend chart; None = no value, the line is interrupted."""

    label: str
    value: float | None
    p25: float | None = None
    p75: float | None = None
    benchmark: float | None = None
    is_faint: bool = False
    """From few subjects: drawn hollow and grey."""


@dataclass(frozen=True)
class TrendWords:
    """Direct labels at the right end of the lines."""

    last: str
    target: str = ""
    benchmark: str = ""


class _TrendScale:
    left, right, top, bottom = 24.0, 62.0, 8.0, 20.0

    def __init__(self, marks: Sequence[TrendMark], target: float | None, width: float, height: float) -> None:
        every = [v for mark in marks for v in (mark.value, mark.p25, mark.p75, mark.benchmark) if v is not None]
        every += [target] if target is not None else []
        self.low, self.high = 0.0, max(every, default=1) * 1.05 or 1.0
        self.width, self.height, self.count = width, height, len(marks)

    def x(self, index: int) -> float:
        return self.left + index * (self.width - self.left - self.right) / max(self.count - 1, 1)

    def y(self, value: float) -> float:
        part = (self.high - value) / (self.high - self.low)
        return self.top + part * (self.height - self.top - self.bottom)


def trend(
    marks: Sequence[TrendMark],
    *,
    title: str,
    words: TrendWords,
    target: float | None = None,
    width: float = 330,
    height: float = 196,
) -> Markup:
    """Line by period with the P25-P75 band, the company's line, a dashed target and direct labels; axis from zero."""
    if not any(mark.value is not None or mark.benchmark is not None for mark in marks):
        return Markup("")
    scale = _TrendScale(marks, target, width, height)
    body = _trend_axes(marks, scale) + _trend_band(marks, scale)
    company = [(scale.x(i), None if m.benchmark is None else scale.y(m.benchmark)) for i, m in enumerate(marks)]
    body += _polylines(company, f"stroke='{FAINT}' stroke-width='1.1'")
    if target is not None:
        dashes = f"stroke='{NEAR}' stroke-dasharray='3.5 2.5'"
        body += _line(scale.left, scale.y(target), width - scale.right, scale.y(target), dashes)
    points = [(scale.x(i), None if m.value is None else scale.y(m.value)) for i, m in enumerate(marks)]
    body += _polylines(points, f"stroke='{BRAND}' stroke-width='2.1' stroke-linejoin='round'")
    body += _trend_dots(marks, points)
    return _svg(width, height, body + _trend_labels(marks, scale, words, target), title)


def _trend_axes(marks: Sequence[TrendMark], scale: _TrendScale) -> str:
    body = ""
    for tick in nice_ticks(scale.low, scale.high):
        y = scale.y(tick)
        body += _line(scale.left, y, scale.width - scale.right, y, f"stroke='{GRID}' stroke-width='.8'")
        body += _text(scale.left - 5, y + 2.6, f"{tick:g}", size=7.4, anchor="end")
    every = 2 if len(marks) > 6 else 1  # noqa: PLR2004 - more labels than that run into each other
    for index, mark in enumerate(marks):
        if (len(marks) - 1 - index) % every == 0:
            body += _text(scale.x(index), scale.height - 6, mark.label, size=7.4, anchor="middle")
    return body


def _trend_band(marks: Sequence[TrendMark], scale: _TrendScale) -> str:
    body = ""
    stretch: list[tuple[float, float, float]] = []
    for index, mark in enumerate([*marks, TrendMark("", None)]):
        if mark.p25 is not None and mark.p75 is not None and index < len(marks):
            stretch.append((scale.x(index), scale.y(mark.p25), scale.y(mark.p75)))
            continue
        if len(stretch) > 1:
            upper = [(x, high) for x, _, high in stretch]
            lower = [(x, low) for x, low, _ in reversed(stretch)]
            body += f"<polygon points='{_points([*upper, *lower])}' fill='{BRAND_SOFT}'/>"
        stretch = []
    return body


def _trend_dots(marks: Sequence[TrendMark], points: Sequence[tuple[float, float | None]]) -> str:
    body = ""
    last = max((index for index, mark in enumerate(marks) if mark.value is not None), default=-1)
    for index, ((x, y), mark) in enumerate(zip(points, marks, strict=True)):
        if y is None:
            continue
        colour = HOLD if mark.is_faint else BRAND
        fill, radius = (colour, 3.6) if index == last and not mark.is_faint else ("#fff", 1.9)
        edge = "#fff" if fill == colour else colour
        body += f"<circle cx='{_n(x)}' cy='{_n(y)}' r='{radius}' fill='{fill}' stroke='{edge}' stroke-width='1.2'/>"
    return body


def _trend_labels(marks: Sequence[TrendMark], scale: _TrendScale, words: TrendWords, target: float | None) -> str:
    last = next((mark for mark in reversed(marks) if mark.value is not None), TrendMark("", None))
    company = next((mark.benchmark for mark in reversed(marks) if mark.benchmark is not None), None)
    wanted: list[tuple[float | None, str, str, int, float]] = [
        (last.value, words.last, BRAND, 700, 9.4),
        (target, words.target, "#8a5200", 500, 7.4),
        (company, words.benchmark, MUTE, 500, 7.4),
        (marks[-1].p75, "P75", FAINT, 400, 7),
        (marks[-1].p25, "P25", FAINT, 400, 7),
    ]
    labels = sorted((scale.y(label[0]), *label[1:]) for label in wanted if label[0] is not None and label[1])
    body, places = "", _spread([label[0] for label in labels], scale.height - scale.bottom)
    for y, (_, text, colour, weight, size) in zip(places, labels, strict=True):
        body += _text(scale.width - scale.right + 7, y + 2.8, text, size=size, fill=colour, weight=weight)
    return body


def _spread(wanted: Sequence[float], floor_y: float) -> list[float]:
    """Push labels apart downwards, then back up from the floor, keeping their order."""
    places = list(wanted)
    for index, (above, below) in enumerate(pairwise(wanted)):
        places[index + 1] = max(below, places[index] + _LABEL_STEP, above)
    limit = floor_y
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - _LABEL_STEP
    return places


def bullet(
    value: float,
    *,
    full: float,
    title: str,
    target: float | None = None,
    status: str | None = None,
    width: float = 92,
    height: float = 8,
) -> Markup:
    """A bar from zero on a track, tick = target. Values beyond ``full`` fill the track."""
    scale = width / (full or 1)
    colour = STATUS_COLOUR.get(status or "", BRAND) if status in {"near", "off", "hold"} else BRAND
    body = _rect(0, 1, width, height - 2, TRACK, 1.5)
    if value > 0:
        body += _rect(0, 1, max(min(value * scale, width), 1), height - 2, colour, 1.5)
    if target is not None and target <= full:
        body += _rect(min(target * scale, width - 1.4), 0, 1.4, height, INK)
    return _svg(width, height, body, title)


def buckets(counts: Sequence[int], *, title: str, width: float = 92, height: float = 8) -> Markup:
    """Parts of a whole, light to dark by order; its numbers stand beside it."""
    shades = ("#cfe1ed", "#93bfdb", "#4f93bd", BRAND)
    total = sum(counts) or 1
    x, body = 0.0, _rect(0, 0, width, height, TRACK)
    for count, shade in zip(counts, shades, strict=False):
        length = count / total * width
        if length:
            body += _rect(x, 0, max(length - 0.8, 0.4), height, shade)
        x += length
    return _svg(width, height, body, title)


_ICON_PATHS = {
    "off": f"<path d='M5 .5 10 9.5H0z' fill='{BAD}'/>",
    "near": f"<path d='M5 0 10 5 5 10 0 5z' fill='{NEAR}'/>",
    "on": f"<path d='M.8 5.3 3.8 8.4 9.3 1.8' stroke='{GOOD}' stroke-width='2' fill='none'/>",
    "hold": f"<path d='M1.6 .8h2.4v8.4H1.6zM6 .8h2.4v8.4H6z' fill='{HOLD}'/>",
    "limit": f"<rect x='4' width='2' height='10' fill='{INK}'/>",
}


def icon(status: str, word: str) -> Markup:
    """The shape of a status (never colour alone), with its word as text alternative."""
    return _svg(7, 7, f"<g transform='scale(.7)'>{_ICON_PATHS[status]}</g>", word)


def key(status: str | None, title: str) -> Markup:
    """A short bar for a legend."""
    return _svg(12, 4, _rect(0, 0, 12, 4, STATUS_COLOUR.get(status or "", BRAND), 1.5), title)


def logo(company: str) -> Markup:
    """The company's initial on a dark square, until a real logo is configured."""
    initial = next((letter for letter in company if letter.isalnum()), "H").upper()
    body = _rect(0, 0, 17, 17, INK, 3.8)
    body += _text(8.5, 12.6, initial, size=11.5, fill="#fff", anchor="middle", weight=700)
    return _svg(17, 17, body, company)
