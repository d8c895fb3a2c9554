"""5: a seat made less than three days before the offer says nothing of how long seats take: it is out, and counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.domain.metric import Period, Query, Row
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.metrics.query import QueryLayer
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day
from tests.metric_scenes import OPERATOR, FakeNames

Ask = Callable[..., Row]
OFFER = day(25)
"""When everybody here gets the offer; it is accepted five days later."""


@pytest.fixture
def tell(migrated_sqlite_url: str, tmp_path: Path) -> Callable[[Callable[[Company], None]], Ask]:
    """Write a story of requisition 1, build, and ask."""

    def build(story: Callable[[Company], None]) -> Ask:
        store = Store(migrated_sqlite_url)
        company = Company(store)
        with company.writing():
            company.found()
            company.requisition(1, day(1), is_evergreen=False)
            company.status(1, ("open", day(1)))
            story(company)
        store.dispose()
        Mart(store.url, tmp_path / "mart").build()
        layer = QueryLayer(MartReader(tmp_path / "mart"), FakeNames())

        def ask(metric: str = "time_to_fill", period: Period | None = None, as_of: datetime | None = None) -> Row:
            query = Query((metric,), period=period or Period(), as_of=as_of, raw=True)
            return layer.ask(query, OPERATOR).one(metric)

        return ask

    return build


def filled(company: Company, opened: datetime, *, undone: datetime | None = None, offered: bool = True) -> None:
    """Application 1 takes the seat that was made at ``opened``."""
    company.application(1, 1, day(10))
    company.add(t.Opening, id=1, requisition_id=1, opened_at=opened)
    company.accept(1, undone=undone)
    if not offered:
        company.delete(t.OfferVersion, t.OfferVersion.application_id == 1)


@pytest.mark.parametrize(
    ("before_the_offer", "is_out"),
    [
        (timedelta(days=3), False),
        (timedelta(days=3) - timedelta(seconds=1), True),
        (timedelta(), True),
        (timedelta(days=-2), True),
    ],
    ids=["three days", "a second less", "with it", "after it"],
)
@pytest.mark.parametrize("metric", ["time_to_fill", "time_to_fill_opened", "time_to_fill_filled"])
def test_5_a_seat_made_less_than_three_days_before_the_offer_is_out_and_counted(
    tell: Callable[[Callable[[Company], None]], Ask],
    metric: str,
    before_the_offer: timedelta,
    *,
    is_out: bool,
) -> None:
    ask = tell(lambda company: filled(company, OFFER - before_the_offer))
    row = ask(metric)
    assert (row.n, row.extra["evergreen"]) == ((0, 1) if is_out else (1, 0))


def test_5_the_first_version_of_the_offer_decides(tell: Callable[[Callable[[Company], None]], Ask]) -> None:
    """A better offer later does not make the seat older."""

    def story(company: Company) -> None:
        filled(company, day(24))
        company.set(t.OfferVersion, 1, answer="superseded", answered_at=day(27))
        again = {"extended_at": day(28), "answered_at": day(30), "answer": "accepted"}
        company.add(t.OfferVersion, id=2, application_id=1, offer_key="o", version=2, **again)

    assert tell(story)().extra["evergreen"] == 1


@pytest.mark.parametrize("how", ["flagged", "undone", "without an offer"])
def test_5_every_other_seat_counts(tell: Callable[[Callable[[Company], None]], Ask], how: str) -> None:
    """A requisition that hires all the time has seats of its own length too; who never started filled no seat."""

    def story(company: Company) -> None:
        if how == "flagged":
            company.set(t.Requisition, 1, is_evergreen=True)
            filled(company, day(2))
        else:
            filled(company, day(24), undone=day(33) if how == "undone" else None, offered=how == "undone")

    row = tell(story)()
    assert (row.n, row.extra["evergreen"]) == (1, 0)


def test_5_a_closed_period_does_not_move_when_the_offer_comes_after_it(
    tell: Callable[[Callable[[Company], None]], Ask],
) -> None:
    """Until the offer the seat was like any other; what was printed of that month stays what it was."""
    ask = tell(lambda company: filled(company, OFFER - timedelta(days=2)))
    end = (OFFER - timedelta(days=1)).date()
    before = Period(date(2026, 1, 1), end)
    then = ask(period=before, as_of=datetime(end.year, end.month, end.day, tzinfo=UTC))
    now = ask(period=before)
    assert (then.n, then.extra["evergreen"]) == (now.n, now.extra["evergreen"]) == (1, 0)
    assert ask(period=Period(end)).extra["evergreen"] == 1
