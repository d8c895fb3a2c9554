"""5.2, 5.4, 5.5: the Pipeline page and the refresh page over HTTP, for everybody who may and may not open them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from services.domain.errors import RetryLaterError
from services.domain.people import Role
from services.domain.pipeline_page import MINE, TEAM, PipelineSettings, PipelineView
from services.domain.views import Filters
from services.ingest import live_lane
from services.metrics.lane_choice import Limits, LiveLoad
from services.reporting.pipeline_page import PipelinePage
from services.store import tables as t
from tests.http.product import Product
from tests.http.test_requisition_pages import page_of

MAY = (
    Role.EXECUTIVE,
    Role.HIRING_MANAGER,
    Role.RECRUITER,
    Role.RECRUITING_MANAGER,
    Role.HRBP,
    Role.ADMIN,
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of this module's own, to be changed."""
    made = Product(tmp_path_factory.mktemp("pipeline"))
    yield made
    made.services.store.dispose()


def _view(product: Product, role: Role, page: PipelinePage | None = None, **settings: Any) -> PipelineView:
    viewer = product.services.accounts.viewer_by_email(product.emails[role])
    return (page or _fresh(product)).view(Filters(), PipelineSettings(**settings), viewer)


def _fresh(product: Product, load: LiveLoad | None = None) -> PipelinePage:
    """Without what another view kept."""
    services = product.services
    return PipelinePage(
        services.query, services.store, services.mart, services.alerts.incidents, services.policy, load=load
    )


def _number(value: PipelineView, tile: str) -> int:
    return next(one.value for one in value.tiles if one.id == tile)


@pytest.mark.parametrize("role", MAY)
def test_5_2_whoever_hires_sees_who_waits_within_their_scope(product: Product, role: Role) -> None:
    assert product.visit(role).get("/pipeline").status_code == 200
    answer = page_of(product, role, "/pipeline")
    assert "Where candidates wait" in answer.text
    assert "Live, as of" in answer.text


@pytest.mark.parametrize("role", [Role.DEI_OFFICER, Role.COMPLIANCE, None])
def test_5_2_dee_cleo_and_otto_have_no_pipeline(product: Product, role: Role | None) -> None:
    assert product.visit(role).get("/pipeline").status_code == 403
    assert "Where candidates wait" not in page_of(product, role, "/pipeline").text


@pytest.mark.parametrize(
    "search",
    [
        "?who=%27%20or%201=1--&lane=%00&page=-1",
        "?page=999999999999999999999999",
        "?page=100000&who=team",
        "?lane=batch",
        "?department=Nowhere&geography=%3Cscript%3E",
        "?pinned=../../etc",
        "?" + "who=x&" * 400,
    ],
)
def test_5_2_a_hostile_address_is_a_page_all_the_same(product: Product, search: str) -> None:
    answer = page_of(product, Role.EXECUTIVE, "/pipeline", search)
    assert answer.status_code == 200
    assert "Where candidates wait" in answer.text


def test_5_2_a_recruiter_begins_with_the_own_candidates_and_reaches_no_others(product: Product) -> None:
    view = _view(product, Role.RECRUITER)
    assert view.settings.who == MINE
    assert view.mine is not None
    viewer = product.services.accounts.viewer_by_email(product.emails[Role.RECRUITER])
    with product.services.store.read() as connection:
        own = set(connection.scalars(select(t.Requisition.id).where(t.Requisition.recruiter_id == viewer.person_id)))
    assert {one.requisition_id for one in _view(product, Role.RECRUITER, who=TEAM).waiting} <= own
    assert _view(product, Role.EXECUTIVE).settings.who == TEAM


def test_5_2_live_and_batch_of_one_moment_say_the_same(own: Product) -> None:
    live, batch = _view(own, Role.EXECUTIVE), _view(own, Role.EXECUTIVE, lane="batch")
    assert (live.stamp.lane, batch.stamp.lane) == ("live", "batch")
    assert _number(live, "active") == _number(batch, "active") > 0
    assert live.counted == batch.counted
    assert not live.notes
    assert not batch.notes, "the batch was asked for"


def _some_role(connection: Connection) -> int:
    found = connection.scalar(
        select(t.OpenApplication.requisition_id)
        .join(t.OpenRequisition, t.OpenRequisition.requisition_id == t.OpenApplication.requisition_id)
        .where(t.OpenApplication.stage.is_not(None), t.OpenRequisition.status == "open")
        .limit(1)
    )
    assert found is not None
    return int(found)


def test_5_4_candidates_of_a_role_on_hold_or_cancelled_are_counted_beside_never_as_active(own: Product) -> None:
    store, before = own.services.store, _view(own, Role.EXECUTIVE)
    with store.read() as connection:
        role = _some_role(connection)
    for status, name in (("on_hold", "held_roles"), ("cancelled", "cancelled_roles")):
        with store.write() as connection:
            connection.execute(
                delete(t.RequisitionStatusInterval).where(t.RequisitionStatusInterval.requisition_id == role)
            )
            now = datetime.now(UTC)
            for word, start, end in (
                ("open", now - timedelta(days=90), now - timedelta(days=1)),
                (status, now - timedelta(days=1), None),
            ):
                row = {"requisition_id": role, "status": word, "from_at": start, "to_at": end}
                connection.execute(insert(t.RequisitionStatusInterval).values(row))
            live_lane.follow(connection, requisitions=[role])
        after = _view(own, Role.EXECUTIVE)
        assert _number(after, "active") < _number(before, "active")
        assert getattr(after.counted, name) == getattr(before.counted, name) + 1
        assert role not in {one.requisition_id for one in after.waiting}
    assert after.counted.held_candidates == before.counted.held_candidates


def test_5_2_a_change_moves_the_version_that_open_tabs_poll_and_then_304(own: Product) -> None:
    eva = own.visit(Role.EXECUTIVE)
    first = eva.get("/api/version")
    assert eva.get("/api/version", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    with own.services.store.write() as connection:
        number = connection.scalar(select(t.OpenApplication.application_id).where(t.OpenApplication.stage.is_not(None)))
        values = {"outcome": "withdrawn", "ended_at": datetime.now(UTC)}
        connection.execute(update(t.Application).where(t.Application.id == number).values(values))
        live_lane.follow(connection, applications=[number or 0])
    import time

    time.sleep(1.1)
    second = eva.get("/api/version", headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert second.json["live"] != first.json["live"]
    assert second.json["v"] == first.json["v"], "nothing was published"


def test_5_2_what_a_page_asks_by_itself_keeps_no_session_alive(own: Product) -> None:
    eva, store = own.visit(Role.EXECUTIVE), own.services.store
    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)

    def seen_after(**headers: str) -> datetime:
        with store.write() as connection:
            connection.execute(update(t.UserSession).values(seen_at=long_ago))
        eva.get("/healthz")
        eva.get("/pipeline", headers={name.replace("_", "-"): value for name, value in headers.items()})
        with store.read() as connection:
            return max(connection.scalars(select(t.UserSession.seen_at)))

    assert seen_after(X_Hireboard_Automatic="1") == long_ago
    assert seen_after() > long_ago


def test_5_2_under_load_the_batch_stands_in_says_so_on_each_tile_and_goes_back(own: Product) -> None:
    ticks = itertools.count()
    clock = {"at": 0.0, "step": 1.0}

    def now() -> float:
        next(ticks)
        clock["at"] += clock["step"]
        return clock["at"]

    load = LiveLoad(0.5, limits=Limits(looked_at=4, at_least=3, pause_s=30, in_a_row=2), clock=now)
    for _ in range(3):  # each question takes a second of the clock
        assert _view(own, Role.EXECUTIVE, _fresh(own, load)).stamp.lane == "live"
    fallen = _view(own, Role.EXECUTIVE, _fresh(own, load))
    assert fallen.stamp.lane == "batch"
    assert fallen.is_miss
    assert "come back by itself" in fallen.notes[0].text or "comes back by itself" in fallen.notes[0].text
    clock["step"] = 0.01
    for _ in range(2):
        clock["at"] += 31
        _view(own, Role.EXECUTIVE, _fresh(own, load))
    back = _view(own, Role.EXECUTIVE, _fresh(own, load))
    assert back.stamp.lane == "live"
    assert not back.notes


def test_5_2_a_live_question_that_fails_is_answered_by_the_batch(own: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _fresh(own)

    def fail(*_arguments: object) -> None:
        raise RetryLaterError("away")

    monkeypatch.setattr(page._lanes, "_ask_store", fail)
    view = _view(own, Role.EXECUTIVE, page)
    assert view.stamp.lane == "batch"
    assert view.notes


def test_5_5_only_ada_sets_refresh_intervals_and_each_change_counts_once(own: Product) -> None:
    for role in (Role.EXECUTIVE, Role.RECRUITER, None):
        assert own.visit(role).get("/admin/refresh").status_code == 403
    ada = own.visit(Role.ADMIN)
    assert ada.get("/admin/refresh").status_code == 200
    assert "Objective met" in page_of(own, Role.ADMIN, "/admin/refresh").text
    sent = {"interval": "10", "office": "", "jitter": "5", "objective": "30"}
    address = "/admin/refresh/rules?dashboard=overview&seen="
    headers = {"X-CSRFToken": ada.token}
    assert ada.post(f"{address}0", json=sent, headers=headers).status_code == 200
    assert ada.post(f"{address}0", json=sent, headers=headers).status_code == 409
    assert ada.post(f"{address}1", json=sent | {"interval": "soon"}, headers=headers).status_code == 422
    assert ada.post(f"{address}x", json=[], headers=headers).status_code == 422
    eva = own.visit(Role.EXECUTIVE)
    assert eva.post(f"{address}1", json=sent, headers={"X-CSRFToken": eva.token}).status_code == 403


def test_5_5_a_held_view_says_so_and_is_let_go(own: Product) -> None:
    eva = own.visit(Role.EXECUTIVE)
    headers = {"X-CSRFToken": eva.token}
    held = eva.post("/held-views", json={}, headers=headers).json["snapshot"]
    assert "This view is held" in page_of(own, Role.EXECUTIVE, "/", f"?pinned={held}").text
    assert "This view is held" in page_of(own, Role.EXECUTIVE, "/requisitions", f"?pinned={held}").text
    assert "not kept any more" in page_of(own, Role.EXECUTIVE, "/", "?pinned=00000000").text
    assert eva.post("/held-views/let-go", json={"snapshot": held}, headers=headers).status_code == 200
    assert eva.post("/held-views/let-go", json={"snapshot": held}, headers=headers).status_code == 404


def test_5_2_names_of_candidates_only_for_those_with_their_class(own: Product) -> None:
    rita = own.services.accounts.viewer_by_email(own.emails[Role.RECRUITER])
    with own.services.store.write() as connection:
        roles = sorted(set(connection.scalars(select(t.OpenApplication.requisition_id))))
        candidates = set(connection.scalars(select(t.OpenApplication.candidate_id)))
        named = update(t.Candidate).where(t.Candidate.id.in_(candidates))
        connection.execute(named.values(name="Zoe Unmistakable"))
        hers = update(t.Requisition).where(t.Requisition.id.in_(roles))
        connection.execute(hers.values(recruiter_id=rita.person_id))
        live_lane.follow(connection, requisitions=roles)
    seen = {role: "Zoe Unmistakable" in page_of(own, role, "/pipeline", "?who=team").text for role in MAY}
    assert seen[Role.RECRUITER]
    assert not seen[Role.EXECUTIVE]
    assert not seen[Role.ADMIN]
