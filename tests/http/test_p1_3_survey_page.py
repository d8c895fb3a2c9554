"""1.3 over HTTP: the answer page behind a one-time link, without sign-in and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from dashapp.config import load_settings
from dashapp.factory import create_server
from services.container import Services
from services.store.database import Store
from tests.http.site import Mart, Visitor
from tests.survey_scenes import CANDIDATE, MANAGER, SurveyScene


@dataclass
class Answering:
    scene: SurveyScene
    server: Flask

    def visitor(self) -> Visitor:
        return Visitor(self.server.test_client(), "http://localhost:8050")

    def asked(self, kind: str = CANDIDATE) -> str:
        """The path of a link that somebody has just got."""
        cadence = "per_decision" if kind == CANDIDATE else "per_hire"
        self.scene.plan(kind, cadence)
        self.scene.decided("rejected" if kind == CANDIDATE else "hired")
        self.scene.round_after(days=2)
        return self.scene.link()


@pytest.fixture
def answering(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Answering]:
    store = Store(migrated_sqlite_url)
    scene = SurveyScene(store)
    parts: dict[str, Any] = dict.fromkeys(Services._fields)
    people = scene.people
    parts |= {
        "store": store,
        "policy": people.policy,
        "accounts": people.accounts,
        "audit": people.audit,
        "mart": Mart(),
        "surveys": scene.surveys,
    }
    settings = load_settings({}, data_dir=tmp_path, base_url="http://localhost:8050")
    yield Answering(scene, create_server(settings, Services(**parts), ()))
    store.dispose()


def send(visitor: Visitor, path: str, **fields: str) -> TestResponse:
    """Fill in the form as a browser does: get it, send it with its token."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(path).text)
    token = {"csrf_token": found[1]} if found else {}
    return visitor.post(path, data=fields | token)


def test_1_3_somebody_without_an_account_answers_with_two_requests(answering: Answering) -> None:
    path, visitor = answering.asked(), answering.visitor()
    form = visitor.get(path)
    assert form.status_code == 200
    assert "How likely are you to recommend" in form.text
    assert form.text.count('type="radio"') == 11
    assert "<script>" not in form.text
    assert "Role 1 &lt;b&gt;" in form.text
    assert "no-store" in form.headers["Cache-Control"]
    assert form.headers["Referrer-Policy"] == "same-origin"
    done = send(visitor, path, score="9")
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    assert answering.scene.answers()[0].score == 9.0


def test_1_3_a_manager_answers_on_a_scale_of_five(answering: Answering) -> None:
    path = answering.asked(MANAGER)
    assert answering.visitor().get(path).text.count('type="radio"') == 5
    assert send(answering.visitor(), path, score="6").status_code == 422
    assert send(answering.visitor(), path, score="4").status_code == 200
    assert answering.scene.answers()[0].score == 4.0


def test_1_3_a_second_answer_is_told_that_there_is_one(answering: Answering) -> None:
    path, visitor = answering.asked(), answering.visitor()
    page = visitor.get(path)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    data = {"csrf_token": token[1], "score": "9"}
    assert visitor.post(path, data=data).status_code == 200
    again = visitor.post(path, data=data | {"score": "0"})
    assert (again.status_code, "answered already" in again.text) == (409, True)
    assert "answered already" in visitor.get(path).text
    assert answering.scene.answers()[0].score == 9.0


def test_1_3_scanners_that_open_or_probe_the_link_change_nothing(answering: Answering) -> None:
    path = answering.asked()
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        answering.visitor().request(method, f"{path}?score=9&do=decline")
    assert answering.scene.states() == ["sent"]
    for method in ("PUT", "DELETE", "PATCH"):
        assert answering.visitor().request(method, path).status_code in {400, 401, 403, 405}
    assert answering.scene.states() == ["sent"]


def test_1_3_a_post_from_another_site_or_without_the_forms_token_is_refused(answering: Answering) -> None:
    path, visitor = answering.asked(), answering.visitor()
    assert visitor.post(path, data={"score": "9"}).status_code in {400, 403}
    page = visitor.get(path)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    data = {"csrf_token": token[1], "score": "9"}
    assert visitor.post(path, data=data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert answering.scene.states() == ["sent"]


def test_1_3_wrong_and_expired_links_are_one_answer(answering: Answering) -> None:
    path = answering.asked()
    wrong = path[:-3] + ("AAA" if not path.endswith("AAA") else "BBB")
    answering.scene.clock.pass_by(days=22)
    answers = [answering.visitor().get(one) for one in (path, wrong, "/survey/x", "/survey/" + "é" * 43)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    posted = [send(answering.visitor(), one, score="9").status_code for one in (path, wrong)]
    assert posted[0] == posted[1]
    assert answering.scene.answers() == []


def test_1_3_opting_out_takes_a_press_and_not_only_a_look(answering: Answering) -> None:
    path = answering.asked()
    done = send(answering.visitor(), path, do="decline")
    assert "not be asked again" in done.text
    assert answering.scene.states() == ["declined"]
    assert answering.visitor().get(path).status_code == 404


def test_1_3_the_mail_says_how_long_and_how_to_stop(answering: Answering) -> None:
    answering.asked()
    body = answering.scene.body()
    for words in ("works once", "26 Nov 2026", "voluntary", "do not want to be asked again"):
        assert words in body
    assert "9" * 43 not in body
