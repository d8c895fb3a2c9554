"""9 and 10 over HTTP: run now, preview, the local mail folder, a mail in doubt, and one archived report."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from layouts import ids
from services.store.database import Store
from services.store.tables import AuditEvent, OutboxMessage
from tests.http.post import Post, make_post


@pytest.fixture(scope="module")
def post(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("post")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    made = make_post(store, folder)
    made.deliver()
    yield made
    store.dispose()


def show_page(post: Post, name: str, path: str) -> str:
    """What the router puts into the page container."""
    answer = post.fire(post.visit(name), f"{ids.PAGE}.children", "url", url__pathname=path)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def without_token(page: str) -> str:
    """The form's token says at which second it was signed; nothing else may differ."""
    return re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", page)


def public_id(post: Post) -> str:
    [entry] = post.services.archive_page.view(post.people.viewer("max")).entries
    return entry.public_id


# --- the archived report --------------------------------------------------------------------------------------------


def test_10_the_link_in_the_mail_opens_the_reports_page(post: Post) -> None:
    [mail] = post.services.outbox.mails()
    assert mail.subject.endswith(f"http://localhost:8050/reports/{public_id(post)}")
    assert post.visit("max").get(f"/reports/{public_id(post)}").status_code == 200
    page = show_page(post, "max", f"/reports/{public_id(post)}")
    assert f"/reports/{public_id(post)}/download" in page
    assert "max@northwind.example" in page


def test_10_open_and_download_give_the_archived_bytes(post: Post) -> None:
    visitor = post.visit("max")
    opened, downloaded = (visitor.get(f"/reports/{public_id(post)}/{how}") for how in ("open", "download"))
    assert opened.data == downloaded.data == b"%PDF-1.7 WH-2026-W44-" + str(post.people.person_ids["max"]).encode()
    assert opened.headers["Content-Disposition"].startswith("inline")
    assert downloaded.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in downloaded.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["rita", "eva", "ron", "hana", "dee"])
def test_10_a21_others_get_the_same_answer_as_for_a_missing_one(post: Post, name: str) -> None:
    visitor, missing = post.visit(name), "x" * len(public_id(post))
    for how in ("open", "download"):
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-3"})):
            theirs = visitor.request(method, f"/reports/{public_id(post)}/{how}", headers=headers)
            none = visitor.request(method, f"/reports/{missing}/{how}", headers=headers)
            assert theirs.status_code == none.status_code == 404
            assert without_token(theirs.text) == without_token(none.text)
    theirs_page, no_page = (show_page(post, name, f"/reports/{wanted}") for wanted in (public_id(post), missing))
    assert theirs_page == no_page
    assert "not for you" in theirs_page


@pytest.mark.parametrize("name", ["cleo", "ada"])
def test_10_the_roles_that_see_all_see_who_got_it(post: Post, name: str) -> None:
    assert "max@northwind.example got it by mail" in show_page(post, name, f"/reports/{public_id(post)}")


@pytest.mark.parametrize(
    "path", ["/reports/..%2f..%2fetc%2fpasswd/download", "/reports/%00/open", "/reports/" + "a" * 5000 + "/open"]
)
def test_a51_an_address_that_is_no_id_is_a_missing_report(post: Post, path: str) -> None:
    assert post.visit("ada").get(path).status_code in {400, 404}


# --- the mail folder ------------------------------------------------------------------------------------------------


def test_9_the_admin_opens_the_local_mail_folder(post: Post) -> None:
    [mail] = post.services.outbox.mails()
    listed = show_page(post, "ada", "/admin/mail")
    assert "none leaves it" in listed
    assert f"/admin/mail/{mail.id}" in listed
    page = show_page(post, "ada", f"/admin/mail/{mail.id}")
    assert mail.message_id in page
    assert f"/admin/mail/{mail.id}/files/0" in page
    with post.store.read() as connection:
        opened = connection.scalar(select(AuditEvent.resource).where(AuditEvent.action == "mail.opened"))
    assert opened == f"mail:{mail.id}"
    visitor = post.visit("ada")
    attached = visitor.get(f"/admin/mail/{mail.id}/files/0")
    assert attached.data.startswith(b"%PDF-1.7 WH-2026-W44")
    assert attached.headers["Content-Disposition"].startswith("attachment")
    assert visitor.get(f"/admin/mail/{mail.id}/files/1").status_code == 404
    assert visitor.get(f"/admin/mail/{mail.id}/files/x").status_code == 404


def test_9_a39_a_mails_html_is_shown_where_no_script_can_run(post: Post) -> None:
    [mail] = post.services.outbox.mails()
    body = post.visit("ada").get(f"/admin/mail/{mail.id}/body")
    assert "<script>" in body.text
    policy = body.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert body.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '"sandbox":"allow-popups' in show_page(post, "ada", f"/admin/mail/{mail.id}").replace(": ", ":")


@pytest.mark.parametrize("name", ["max", "ron", "cleo", "eva"])
def test_9_nobody_else_reads_mails(post: Post, name: str) -> None:
    [mail] = post.services.outbox.mails()
    visitor = post.visit(name)
    for path in (
        "/admin/mail",
        f"/admin/mail/{mail.id}",
        f"/admin/mail/{mail.id}/body",
        f"/admin/mail/{mail.id}/files/0",
    ):
        assert visitor.get(path).status_code == 403, path


@pytest.mark.parametrize("number", ["0", "99", "-1", "9" * 30, "abc", "1%0a"])
def test_9_a_mail_that_is_not_there_is_not_found(post: Post, number: str) -> None:
    assert post.visit("ada").get(f"/admin/mail/{number}/body").status_code == 404
    assert "No mail here" in show_page(post, "ada", f"/admin/mail/{number}")


def test_9_a_person_decides_about_a_mail_in_doubt(own_post: Post) -> None:
    post = own_post
    [mail] = post.services.outbox.mails()
    address = f"/admin/mail/{mail.id}"
    output = f"{ids.MAIL_DECISION}.children"
    visitor = post.visit("ada")
    assert "nothing to decide" in post.fire(visitor, output, ids.MAIL_AGAIN, url__pathname=address).text
    with post.store.write() as connection:
        connection.execute(update(OutboxMessage).values(state="in_doubt", error="The line was cut."))
    page = show_page(post, "ada", address)
    assert ids.MAIL_AGAIN in page
    assert "may have arrived" in page
    assert post.fire(post.visit("cleo"), output, ids.MAIL_AGAIN, url__pathname=address).status_code == 403
    assert "sent again" in post.fire(visitor, output, ids.MAIL_AGAIN, url__pathname=address).text
    assert post.services.outbox.mail(mail.id).state == "pending"
    assert post.services.outbox.mail(mail.id).message_id == mail.message_id
    with post.store.write() as connection:
        connection.execute(update(OutboxMessage).values(state="in_doubt"))
    assert "counts as sent" in post.fire(visitor, output, ids.MAIL_TAKEN, url__pathname=address).text
    assert post.services.outbox.mail(mail.id).state == "sent"
    for nowhere in ("/", "/admin/mail/x", None, 7):
        assert "no such mail" in post.fire(visitor, output, ids.MAIL_AGAIN, url__pathname=nowhere).text


def test_9_with_a_mail_server_there_is_a_list_and_nothing_to_read(own_post: Post) -> None:
    post = own_post
    post.services.mailbox._folder = None
    [mail] = post.services.outbox.mails()
    assert "go to the mail server" in show_page(post, "ada", "/admin/mail")
    page = show_page(post, "ada", f"/admin/mail/{mail.id}")
    assert mail.message_id in page
    assert "/body" not in page
    assert post.visit("ada").get(f"/admin/mail/{mail.id}/body").status_code == 404


@pytest.fixture
def own_post(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Post]:
    """For a test that changes something."""
    store = Store(migrated_sqlite_url)
    made = make_post(store, tmp_path)
    made.deliver()
    yield made
    store.dispose()


# --- schedules ------------------------------------------------------------------------------------------------------


def test_9_run_now_enters_the_period_once(own_post: Post) -> None:
    post = own_post
    visitor, output = post.visit("ron"), f"{ids.RUN_STATUS}.children"

    def run(schedule: object, period: object) -> str:
        values = {f"{ids.RUN_SCHEDULE}__value": schedule, f"{ids.RUN_PERIOD}__value": period}
        return str(post.fire(visitor, output, ids.RUN_NOW, **values).text)

    assert "1 reports for 2026-W43 are due" in run("1", "2026-W43")
    assert "entered before" in run("1", "2026-W43")
    assert "write it like 2026-W47" in run("1", "2026-10")
    assert "There is no schedule" in run("99", "2026-W43")
    for hostile in (None, 1, "one", "1" * 30, ["1"]):
        assert "Choose a schedule" in run(hostile, "2026-W43")
    for hostile in (None, 5, "2026-W43" * 9, {}):
        assert "Write a month" in run("1", hostile)
    assert {run.period for run in post.services.ledger.runs()} == {"2026-W43", "2026-W44"}
    page = show_page(post, "ron", "/reports/schedules")
    assert "Weekly, Max Manager" in page
    values = {f"{ids.RUN_SCHEDULE}__value": "1", f"{ids.RUN_PERIOD}__value": "2026-W42"}
    assert post.fire(post.visit("max"), output, ids.RUN_NOW, **values).status_code == 403


def test_9_the_preview_is_a_pdf_that_is_not_kept(post: Post) -> None:
    before = post.services.archive_page.view(post.people.viewer("ada")).total
    answer = post.visit("ron").get("/reports/preview?schedule=1&period=2026-W44")
    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-")
    assert post.services.archive_page.view(post.people.viewer("ada")).total == before
    assert post.visit("max").get("/reports/preview?schedule=1&period=2026-W44").status_code == 403


@pytest.mark.parametrize("query", ["", "?schedule=1", "?schedule=%00&period=1", "?schedule=" + "1" * 500 + "&period=2"])
def test_9_a_preview_of_nothing_says_what_it_needs(post: Post, query: str) -> None:
    assert post.visit("ron").get(f"/reports/preview{query}").status_code == 422
