"""The list of requisitions at ten thousand rows: pages of the server's, each row once, in the order that was asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashapp.wiring import make_query_layer
from services.domain.filters import filters_of
from services.domain.requisition_pages import ListSettings, RequisitionList
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.metrics.pages.frame import Desk
from services.requisitions.listing import PAGE_SIZE, RequisitionListing
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day
from tests.people import People, make_people

MANY = 10_000
MINE = 130


@pytest.fixture(scope="module")
def made(
    _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RequisitionListing, People]]:
    """Max manages every 77th of them; the others are Lea's, in AMER."""
    folder = tmp_path_factory.mktemp("many")
    file = folder / "hireboard.sqlite"
    file.write_bytes(_sqlite_template.read_bytes())
    store = Store(f"sqlite:///{file}")
    company = Company(store)
    with company.writing():
        company.standing_company()
        rows = [
            {
                "id": number, "source_system": "test", "external_id": str(number), "title": f"Role {number % 700:03d}",
                "requisition_code": f"R-{number}", "department_id": 1 + number % 3, "office_id": 2,
                "hiring_manager_id": 3 if number % 77 == 0 else 4, "recruiter_id": 1, "opened_at": day(number % 50),
                "is_evergreen": False,
            }
            for number in range(100, MANY + 100)
        ]  # fmt: skip
        company.connection.execute(sa.insert(t.Requisition), rows)
    people = make_people(store, person_ids={"max": 3, "rita": 1})
    store.dispose()
    Mart(store.url, folder / "mart").build(full=True)
    reader = MartReader(folder / "mart")
    query = make_query_layer(store, reader)
    yield RequisitionListing(reader, Desk(query, store), people.policy), people
    reader.close()
    store.dispose()


def content(made: tuple[RequisitionListing, People], name: str, settings: ListSettings) -> RequisitionList:
    listing, people = made
    (section,) = listing.view(filters_of({}), settings, people.viewer(name)).sections
    assert isinstance(section.content, RequisitionList)
    return section.content


def test_every_requisition_stands_on_exactly_one_page(made: tuple[RequisitionListing, People]) -> None:
    first = content(made, "max", ListSettings(state="all"))
    assert first.pages == -(-first.total // PAGE_SIZE)
    assert first.total == MINE + 4
    seen = [
        row.id
        for page in range(1, first.pages + 1)
        for row in content(made, "max", ListSettings(state="all", sort="title", page=page)).rows
    ]
    assert len(seen) == len(set(seen)) == first.total


def test_pages_follow_the_order_and_the_last_one_is_where_a_longer_way_ends(
    made: tuple[RequisitionListing, People],
) -> None:
    whole = content(made, "eva", ListSettings(state="all", sort="title"))
    assert whole.total == MANY + 4
    last = content(made, "eva", ListSettings(state="all", sort="title", page=99_999))
    assert last.settings.page == last.pages == whole.pages
    assert [row.title for row in last.rows] == sorted(row.title for row in last.rows)
    assert whole.rows[-1].title <= last.rows[0].title


def test_a_search_reads_titles_and_codes_and_takes_wildcards_as_letters(
    made: tuple[RequisitionListing, People],
) -> None:
    assert [row.code for row in content(made, "eva", ListSettings(state="all", search="r-4321")).rows] == ["R-4321"]
    assert content(made, "eva", ListSettings(state="all", search="%")).total == 0
    assert content(made, "eva", ListSettings(state="all", search="role 00_")).total == 0


def test_hana_s_list_ends_at_her_region(made: tuple[RequisitionListing, People]) -> None:
    found = content(made, "hana", ListSettings(state="all"))
    assert 0 < found.total <= 4
    assert {row.place.rpartition(", ")[2] for row in found.rows} == {"EMEA"}
