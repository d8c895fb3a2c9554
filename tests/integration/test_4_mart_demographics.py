"""Capability 4 and 1.5: what the mart says about self-identification and pay, and that no other fact holds either."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.mart import schema as m
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day

Told = Callable[[Callable[[Company], None]], MartReader]


@pytest.fixture
def tell(migrated_sqlite_url: str, tmp_path: Path) -> Told:
    """A story on top of the standing company, built."""

    def build(story: Callable[[Company], None]) -> MartReader:
        store = Store(migrated_sqlite_url)
        company = Company(store)
        with company.writing():
            company.standing_company()
            company.delete(t.Demographic, t.Demographic.id > 0)
            story(company)
        store.dispose()
        Mart(store.url, tmp_path / "mart").build()
        return MartReader(tmp_path / "mart")

    return build


def answers(company: Company, application: int, **answered: str | None) -> None:
    for number, (question, answer) in enumerate(answered.items()):
        row = application * 10 + number
        asked = {"asked_at": day(20 + number), "question": question, "answer": answer}
        company.add(t.Demographic, id=row, application_id=application, **asked)


def told(reader: MartReader) -> dict[tuple[int, str], tuple[str, str | None]]:
    fact = m.fact_demographic.c
    rows = reader.execute(sa.select(fact.application_id, fact.question, fact.state, fact.category))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def test_1_5_hispanic_wins_and_a_declined_ethnicity_is_not_disclosed(tell: Told) -> None:
    def story(company: Company) -> None:
        answers(company, 1, hispanic="Yes", race="White")
        answers(company, 2, hispanic="yes", race="declined")
        answers(company, 3, hispanic="no", race="Two or more")
        answers(company, 4, hispanic="no", race="Prefer not to say")
        answers(company, 5, hispanic="declined", race="white")
        answers(company, 6, hispanic="no", race=None)
        answers(company, 7, hispanic=None, race="asian")
        answers(company, 8, hispanic="no")

    assert told(tell(story)) == {
        (1, "ethnicity"): ("disclosed", "hispanic"),
        (2, "ethnicity"): ("disclosed", "hispanic"),
        (3, "ethnicity"): ("disclosed", "two_or_more"),
        (4, "ethnicity"): ("declined", None),
        (5, "ethnicity"): ("declined", None),
        (6, "ethnicity"): ("no_answer", None),
        (7, "ethnicity"): ("no_answer", None),
        (8, "ethnicity"): ("no_answer", None),
    }


def test_1_5_one_combined_question_may_have_several_answers(tell: Told) -> None:
    def story(company: Company) -> None:
        answers(company, 1, race="Asian")
        answers(company, 2, race="White; Black")
        answers(company, 3, race="Hispanic or Latino, White")
        answers(company, 4, ethnicity="declined", gender="Non-binary")

    reader = tell(story)
    assert told(reader) == {
        (1, "ethnicity"): ("disclosed", "asian"),
        (2, "ethnicity"): ("disclosed", "two_or_more"),
        (3, "ethnicity"): ("disclosed", "hispanic"),
        (4, "ethnicity"): ("declined", None),
        (4, "gender"): ("disclosed", "non_binary"),
    }
    sets = {row[0] for row in reader.execute(sa.select(m.fact_demographic.c.category_set))}
    assert sets == {"ethnicity, one question, version 1", "gender, as answered, version 1"}


def test_1_5_the_last_answer_counts_and_who_was_not_asked_has_no_row(tell: Told) -> None:
    def story(company: Company) -> None:
        company.add(t.Demographic, id=1, application_id=2, asked_at=day(9), question="gender", answer="declined")
        company.add(t.Demographic, id=2, application_id=2, asked_at=day(8), question="gender", answer="man")
        company.add(t.Demographic, id=3, application_id=14, asked_at=day(8), question="gender", answer="man")  # a test

    assert told(tell(story)) == {(2, "gender"): ("declined", None)}


def test_1_5_a_hire_that_was_undone_is_not_hired(tell: Told) -> None:
    def story(company: Company) -> None:
        company.accept(2, undone=day(40))
        company.accept(3)
        answers(company, 2, gender="woman")
        answers(company, 3, gender="woman")

    fact = m.fact_demographic.c
    found = dict(tell(story).execute(sa.select(fact.application_id, fact.hired_on)))
    assert found == {2: None, 3: date(2026, 1, 31)}


def test_3_6_pay_is_in_a_fact_of_its_own_and_only_of_accepted_offers(tell: Told) -> None:
    def story(company: Company) -> None:
        for number, undone in ((2, None), (3, day(40))):
            company.accept(number, undone=undone)
            pay = {"salary_minor": 6_000_000, "currency": "eur", "band_min_minor": 5_000_000}
            company.set(t.OfferVersion, number, **pay, band_max_minor=7_000_000)

    reader = tell(story)
    pay = m.fact_offer_pay.c
    found = reader.execute(sa.select(pay.application_id, pay.salary_minor, pay.currency, pay.band_max_minor))
    assert found == [(2, 6_000_000, "EUR", 7_000_000)]


SENSITIVE = {"salary_minor", "band_min_minor", "band_max_minor", "currency", "category", "answer", "state"}


@pytest.mark.parametrize(
    "table", [table for name, table in m.metadata.tables.items() if name not in {"fact_demographic", "fact_offer_pay"}]
)
def test_4_5_no_fact_that_everybody_reads_holds_pay_or_self_identification(table: sa.Table) -> None:
    columns: set[Any] = set(table.c.keys())
    of_an_offer = {"answer"} if table is m.fact_offer_version else set()
    assert columns & SENSITIVE <= of_an_offer
