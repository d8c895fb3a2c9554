"""1.4 over HTTP: the page of incidents, what each person may see and do there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layouts import ids
from services.store.database import Store
from tests.http.actions_site import ActionsSite, make_actions
from tests.http.site import Visitor

HANDLE = f"..{ids.ACTIONS_LIST}.children...{ids.ACTIONS_DETAIL}.children.."


@pytest.fixture(scope="module")
def shared(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionsSite]:
    folder = tmp_path_factory.mktemp("actions")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    yield make_actions(store, folder)
    store.dispose()


@pytest.fixture
def own(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[ActionsSite]:
    store = Store(migrated_sqlite_url)
    yield make_actions(store, tmp_path)
    store.dispose()


def show(site: ActionsSite, name: str, path: str = "/actions", search: str = "") -> str:
    values = {"url__pathname": path, "url__search": search}
    answer = site.fire(site.visit(name), f"{ids.PAGE}.children", "url.pathname", **values)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def press(site: ActionsSite, visitor: Visitor, button: str, number: object, **values: Any) -> Any:
    version = values.pop("version", None)
    if version is None and isinstance(number, int):
        version = site.scene.incident(number).version
    sent = {
        f"{button}__n_clicks": 1,
        f"{ids.ACTIONS_VERSION}__data": version,
        "url__pathname": f"/actions/{number}",
        **values,
    }
    return site.fire(visitor, HANDLE, f"{button}.n_clicks", **sent)


def test_1_4_rita_sees_her_part_and_no_other_incident(shared: ActionsSite) -> None:
    page = show(shared, "rita")
    assert "Drop-off: Screen, Engineering" in page
    assert "Sales" not in page
    theirs, nowhere = (show(shared, "rita", f"/actions/{number}") for number in (shared.sales, 9_999))
    assert theirs == nowhere
    assert "not for you" in theirs


def test_1_4_eva_sees_all_and_one_in_full(shared: ActionsSite) -> None:
    page = show(shared, "eva", f"/actions/{shared.sales}")
    for words in ("Drop-off: Sales", "Drop-off: Screen, Engineering", "60%", "n 100", "above 20%", "Ladder", "History"):
        assert words in page, words
    assert "Close with a reason" in page
    assert "Close with a reason" not in show(shared, "rita", f"/actions/{shared.engineering}")


@pytest.mark.parametrize("name", ["max", "dee", "cleo", "otto"])
def test_1_4_who_is_not_on_the_ladder_may_not_open_it(shared: ActionsSite, name: str) -> None:
    visitor = shared.visit(name)
    for path in ("/actions", f"/actions/{shared.engineering}"):
        assert visitor.get(path).status_code == 403
    assert "/actions" not in visitor.get("/_dash-layout").text.replace("\\u002f", "/")
    assert press(shared, visitor, ids.ACTIONS_ACKNOWLEDGE, shared.engineering).status_code == 403
    assert shared.scene.incident(shared.engineering).acknowledged_by is None


def test_1_4_rita_acknowledges_by_one_press(own: ActionsSite) -> None:
    number = own.engineering
    answer = press(own, own.visit("rita"), ids.ACTIONS_ACKNOWLEDGE, number)
    assert "Acknowledged. Nobody else is told" in answer.text
    assert own.scene.incident(number).acknowledged_by == "rita@northwind.example"
    again = press(own, own.visit("ron"), ids.ACTIONS_ACKNOWLEDGE, number, version=1)
    assert "Somebody else changed this incident first" in again.text


def test_1_4_a_snooze_is_chosen_and_confirmed(own: ActionsSite) -> None:
    number, visitor = own.engineering, own.visit("ron")
    for hostile in (None, "", "0", "31", 1, ["1"], "1 "):
        assert (
            "Choose for how long"
            in press(own, visitor, ids.ACTIONS_SNOOZE, number, **{f"{ids.ACTIONS_SNOOZE_DAYS}__value": hostile}).text
        )
    assert own.scene.incident(number).snoozed_until is None
    done = press(own, visitor, ids.ACTIONS_SNOOZE, number, **{f"{ids.ACTIONS_SNOOZE_DAYS}__value": "3"})
    assert "Snoozed" in done.text
    assert own.scene.incident(number).snoozed_by == "ron@northwind.example"


def test_1_4_only_those_above_close_it_and_say_why(own: ActionsSite) -> None:
    number = own.engineering
    reason = {f"{ids.ACTIONS_REASON}__value": "A campus event <script>"}
    refused = press(own, own.visit("rita"), ids.ACTIONS_CLOSE, number, **reason)
    assert "does not include this" in refused.text
    assert own.scene.incident(number).state == "open"
    visitor = own.visit("hana")
    for hostile in (None, 5, "", "   ", "x" * 501, {}):
        press(own, visitor, ids.ACTIONS_CLOSE, number, **{f"{ids.ACTIONS_REASON}__value": hostile})
    assert own.scene.incident(number).state == "open"
    assert "Closed. The reason" in press(own, visitor, ids.ACTIONS_CLOSE, number, **reason).text
    assert own.scene.incident(number).closed_by == "hana@northwind.example"
    assert "Drop-off: Screen, Engineering" not in show(own, "hana")
    assert "A campus event" in show(own, "eva", f"/actions/{number}", "?state=closed")


@pytest.mark.parametrize("number", ["x", "0", "-1", "1" * 30, "1%0a", "9999"])
def test_1_4_a_number_that_is_none_does_nothing(shared: ActionsSite, number: str) -> None:
    assert "No incident here" in show(shared, "eva", f"/actions/{number}")
    visitor = shared.visit("eva")
    for version in (1, None, True, -1, "1", 10**12):
        answer = press(shared, visitor, ids.ACTIONS_ACKNOWLEDGE, number, version=version)
        assert answer.status_code == 200
        assert "no such incident" in answer.text


def test_1_4_drawing_the_buttons_presses_nothing(shared: ActionsSite) -> None:
    number = shared.sales
    sent = {"url__pathname": f"/actions/{number}", f"{ids.ACTIONS_VERSION}__data": 1}
    drawn = shared.fire(shared.visit("eva"), HANDLE, f"{ids.ACTIONS_CLOSE}.n_clicks", **sent)
    assert drawn.status_code == 204
    assert shared.scene.incident(number).version == 1


def test_1_4_without_incidents_zero_is_a_fact(migrated_sqlite_url: str, tmp_path: Path) -> None:
    store = Store(migrated_sqlite_url)
    site = make_actions(store, tmp_path, with_incidents=False)
    page = show(site, "eva")
    assert "Nothing is open" in page
    assert "That is counted, not missing" in page
    answer = site.fire(
        site.visit("eva"), f"{ids.ACTIONS_BODY}.children", "url.search", url__search="?state=closed", url__pathname=7
    )
    assert "Nothing here yet" in answer.text
    store.dispose()
