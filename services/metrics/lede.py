"""The sentences at the top of the Overview, written by rules. Each rule has an id, which is printed under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.domain.judgement import judge
from services.domain.metric import Better, Unit
from services.domain.phrases import against_target, change
from services.domain.views import Tile
from services.domain.wording import amount_with_unit, is_judged, number, percent

MAX_SENTENCES = 2
BREACH_SHARE = 0.30
BREACH_ROLES = 10
"""More than 0.30 of at least 10 roles; exactly 0.30 does not count."""


@dataclass(frozen=True)
class Situation:
    """What the rules look at."""

    hero: Tile
    tiles: Sequence[Tile]

    def tile(self, metric_id: str) -> Tile | None:
        return next((tile for tile in self.tiles if tile.metric_id == metric_id), None)


Rule = Callable[[Situation], str | None]


def write_lede(situation: Situation) -> tuple[str, tuple[str, ...]]:
    """At most two sentences and the ids of their rules; the first metric's sentence always comes first."""
    written = [(name, sentence) for name, rule in RULES if (sentence := rule(situation))][:MAX_SENTENCES]
    return " ".join(sentence for _, sentence in written), tuple(name for name, _ in written)


def _time_to_fill(situation: Situation) -> str | None:
    """TTF-01: the first metric, its change and its distance from the target."""
    tile = situation.hero
    if tile.row.value is None or not is_judged(tile.row):
        return None
    parts = [f"{tile.title} is {amount_with_unit(tile.row.value, tile.unit)}"]
    moved = change(tile.comparison, tile.unit)
    if moved is not None:
        parts.append(moved.text)
    if tile.target is not None:
        parts.append(against_target(tile.row.value, tile.target, tile.unit))
    return f"{_joined(parts)}."


def _joined(parts: Sequence[str]) -> str:
    first, *others = parts
    return ", ".join([first, " and ".join(others)]) if others else first


def _too_few(situation: Situation) -> str | None:
    """TTF-02: too few cases for the first metric."""
    tile = situation.hero
    if tile.row.value is not None and is_judged(tile.row):
        return None
    return f"{tile.title} cannot be judged in this selection: {number(tile.row.n)} roles are too few."


def _late_feedback(situation: Situation) -> str | None:
    """FBK-01: feedback is late in more than 30% of at least 10 roles."""
    tile = situation.tile("roles_with_late_feedback")
    if tile is None or tile.row.value is None or tile.row.n < BREACH_ROLES or tile.row.value <= BREACH_SHARE:
        return None
    share = percent(tile.row.value)
    return f"Late interview feedback holds it back: in {share} of roles it comes after two business days."


def _declined_offers(situation: Situation) -> str | None:
    """OFR-01: fewer offers are accepted than planned."""
    tile = situation.tile("offer_acceptance_rate")
    if tile is None or tile.row.value is None or tile.target is None:
        return None
    if judge(tile.row, tile.target, Better.HIGHER) != "off":
        return None
    return f"Offers are declined too often: {percent(tile.row.value)} are accepted, {percent(tile.target)} are wanted."


def _hires(situation: Situation) -> str | None:
    """HIR-01: how many were hired, and against before."""
    tile = situation.tile("hires")
    if tile is None or tile.row.value is None:
        return None
    moved = change(tile.comparison, Unit.COUNT)
    return f"{number(tile.row.value)} people were hired{f', {moved.text}' if moved else ''}."


RULES: tuple[tuple[str, Rule], ...] = (
    ("TTF-01", _time_to_fill),
    ("TTF-02", _too_few),
    ("FBK-01", _late_feedback),
    ("OFR-01", _declined_offers),
    ("HIR-01", _hires),
)
