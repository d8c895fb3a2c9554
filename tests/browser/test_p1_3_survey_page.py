"""1.3: the answer page in a browser without scripts, and free of barriers in one with them."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from dashapp.config import load_settings
from dashapp.factory import create_server
from services.container import Services
from services.store.database import Store
from tests.http.site import Mart
from tests.survey_scenes import CANDIDATE, SurveyScene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def scene(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SurveyScene]:
    folder = tmp_path_factory.mktemp("survey")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    made = SurveyScene(store)
    made.plan(CANDIDATE, "per_decision")
    made.decided("rejected")
    made.round_after(days=2)
    yield made
    store.dispose()


@pytest.fixture(scope="module")
def served(scene: SurveyScene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    people = scene.people
    parts: dict[str, Any] = dict.fromkeys(Services._fields)
    parts |= {"store": scene.store, "policy": people.policy, "accounts": people.accounts, "audit": people.audit}
    parts |= {"mart": Mart(), "surveys": scene.surveys}
    settings = load_settings({}, data_dir=tmp_path_factory.mktemp("data"), base_url="http://localhost:8050")
    server = make_server("127.0.0.1", 0, create_server(settings, Services(**parts), ()), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_1_3_the_answer_page_breaks_no_accessibility_rule(
    scene: SurveyScene, served: str, browser: Browser, width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    for path in (scene.link(), "/survey/no-such-link"):
        page.goto(served + path)
        found = Axe().run(page).response["violations"]
        assert [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()


def test_1_3_it_is_answered_without_scripts_by_keyboard(scene: SurveyScene, served: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(served + scene.link())
    page.get_by_label("7", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Thank you").wait_for()
    assert scene.answers()[0].score == 8.0
    page.goto(served + scene.link())
    page.get_by_role("heading", name="Answered already").wait_for()
    context.close()
