"""7: filters live in the address; hostile values are left out, known ones survive the way there and back."""

from __future__ import annotations

import pytest

from services.domain.filters import (
    MAX_VALUES,
    filters_of,
    keep_known,
    parse_filters,
    set_count,
    to_search,
    where,
)
from services.domain.views import FilterChoice, FilterOption, Filters

CHOICES = (
    FilterChoice("department", "Department", (FilterOption("Sales", "Sales", 3), FilterOption("R&D", "R&D", 1))),
    FilterChoice("source", "Source", (FilterOption("Referral", "Referral", 2),)),
)


def test_filters_survive_the_way_into_the_address_and_back() -> None:
    chosen = Filters(period="3m", department=("R&D", "Sales"), source=("Referral",))
    assert parse_filters(to_search(chosen)) == chosen


def test_the_page_as_it_opens_has_a_bare_address() -> None:
    assert to_search(Filters()) == ""
    assert set_count(Filters()) == 0


@pytest.mark.parametrize(
    "search",
    [
        None,
        7,
        ["?department=Sales"],
        {"department": "Sales"},
        "?" + "a" * 9_000,
        "?period=1%20OR%201=1",
        "?period=&department=",
        "?" + "&".join(f"department=d{index}" for index in range(400)),
        "?department=" + "x" * 300,
        "?department=%00%0a",
        "?unknown=1",
        "?%zz",
    ],
)
def test_hostile_addresses_are_the_page_as_it_opens(search: object) -> None:
    assert keep_known(parse_filters(search), CHOICES) == Filters()


def test_values_that_no_option_offers_are_left_out() -> None:
    asked = parse_filters("?department=Sales&department=Board&source=Nowhere")
    assert keep_known(asked, CHOICES) == Filters(department=("Sales",))


def test_a_repeated_value_counts_once_and_the_order_does_not_matter() -> None:
    assert parse_filters("?source=b&source=a&source=b") == parse_filters("?source=a&source=b")


def test_a_list_has_an_end() -> None:
    many = {"department": [str(index) for index in range(500)]}
    assert len(filters_of(many).department) == MAX_VALUES


def test_only_set_dimensions_limit_a_question() -> None:
    assert where(Filters(source=("Referral",))) == {"source": ("Referral",)}
    assert set_count(Filters(period="ytd", source=("Referral",))) == 2
