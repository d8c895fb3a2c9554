"""The shipped pages over a real store with incidents in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callbacks.pages import PAGES
from dashapp.config import load_settings
from dashapp.factory import create_server
from services.container import Services
from services.store.database import Store
from tests.alert_scenes import OCTOBER, SALES, AlertScene
from tests.delivery_scenes import HandClock
from tests.http.site import Mart, Site, Visitor, request_for


@dataclass
class ActionsSite(Site):
    """Engineering (Rita's, EMEA) and Sales are in breach, as of now."""

    scene: AlertScene

    def fire(self, visitor: Visitor, output: str, triggered: str, **values: Any) -> Any:
        app = self.server.extensions["hireboard"].app
        body = request_for(app, output, {name.replace("__", "."): value for name, value in values.items()})
        body["changedPropIds"] = [triggered]
        return visitor.fire(body)

    @property
    def engineering(self) -> int:
        return self.scene.open_incidents()[0]

    @property
    def sales(self) -> int:
        return self.scene.open_incidents()[-1]


def make_actions(store: Store, folder: Path, *, with_incidents: bool = True) -> ActionsSite:
    now = datetime.now(UTC).replace(microsecond=0)
    scene = AlertScene(store, HandClock(now))
    scene.publish("s1", datetime(2026, 11, 3, tzinfo=UTC))
    if with_incidents:
        scene.month(OCTOBER, 50, 100)
        scene.month(OCTOBER, 60, 100, department=SALES)
        scene.limit()
        scene.limit(scope={"department": ("Sales",)})
        scene.evaluation.run()
    mart: Any = Mart()
    parts: dict[str, Any] = dict.fromkeys(Services._fields)  # the pages of these tests reach no others
    people = scene.people
    parts |= {
        "store": store,
        "policy": people.policy,
        "accounts": people.accounts,
        "audit": people.audit,
        "mart": mart,
        "alerts": scene.alerts,
    }
    settings = load_settings({}, data_dir=folder, base_url="http://localhost:8050")
    server = create_server(settings, Services(**parts), PAGES)
    return ActionsSite(server, people, store, mart, settings, scene)
