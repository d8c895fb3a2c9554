"""Names of people come from the store, told apart where two share one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from services.metrics.names import StoreNames
from services.store.database import Store
from services.store.tables import Person


@pytest.fixture
def names(migrated_store_url: str) -> Iterator[StoreNames]:
    store = Store(migrated_store_url)
    people = [
        (1, "Recruiter Rita", "rita@hireboard.test"),
        (2, "Anna Berg", "anna.one@hireboard.test"),
        (3, "Anna Berg", None),
    ]
    with store.write() as connection:
        rows = [
            {"id": key, "source_system": "test", "external_id": str(key), "name": name, "email": email}
            for key, name, email in people
        ]
        connection.execute(sa.insert(Person), rows)
    yield StoreNames(store)
    store.dispose()


def test_a_name_alone_where_it_is_unique_among_those_shown(names: StoreNames) -> None:
    assert names.people([1, 2]) == {1: "Recruiter Rita", 2: "Anna Berg"}
    assert names.people([2, 3]) == {2: "Anna Berg (anna.one@hireboard.test)", 3: "Anna Berg (3)"}
    assert names.people([99]) == {}
    assert names.people([]) == {}


def test_many_people_are_read_in_pieces(names: StoreNames) -> None:
    assert names.people(range(1, 2_000)) == names.people([1, 2, 3])


@pytest.mark.parametrize(
    ("shown", "ids"),
    [
        ("Recruiter Rita", (1,)),
        ("rita@hireboard.test", (1,)),
        ("Anna Berg", (2, 3)),
        ("Anna Berg (anna.one@hireboard.test)", (2,)),
        ("Anna Berg (3)", (3,)),
        ("Nobody", ()),
        ("%", ()),
    ],
)
def test_from_the_shown_name_back_to_the_person(names: StoreNames, shown: str, ids: tuple[int, ...]) -> None:
    assert names.person_ids(shown) == ids
