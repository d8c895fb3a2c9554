"""8, 9: the mail says what the PDF says, in HTML and in plain text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reports.mail import render_mail
from reports.printed import print_report
from services.domain.views import Note
from tests.report_factories import a_head, a_scorecard, a_sparse_scorecard, a_weekly_report

ARCHIVE = "https://hiring.northwind.example/reports/WH-1"


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize("view", [a_weekly_report(), a_scorecard(), a_sparse_scorecard()])
def test_html_and_text_print_the_numbers_of_the_pdf(view):
    mail = render_mail(view, archive_url=ARCHIVE, attachment_name="weekly.pdf")
    words = " ".join(Page(mail.html).words)
    for tile in print_report(view).tiles:
        for part in (tile.title, tile.value, tile.note, tile.comparison):
            assert part in words
            assert part in mail.text
    for table in print_report(view).tables:
        for row in table.rows if table.id == "requisitions" else ():
            assert row.label in words
            assert f"- {row.label}" in mail.text
    for wrong in ("None", "nan", "Undefined"):
        assert wrong not in words
        assert wrong not in mail.text


def test_every_link_of_the_mail_leads_to_the_report_or_a_page_of_the_server():
    mail = render_mail(a_weekly_report(), archive_url=ARCHIVE, attachment_name=None)
    assert set(Page(mail.html).links) == {ARCHIVE, "https://hiring.northwind.example/reports"}
    assert "opens in the archive after sign-in" in mail.text


def test_hostile_names_stay_text_and_the_subject_one_line():
    name = "<img src=x onerror=alert(1)>\r\nBcc: otto@evil.example {{7*7}}"
    view = a_weekly_report(head=a_head(subject_name=name), asks=(Note("info", name, "#x", name),))
    mail = render_mail(view, archive_url=ARCHIVE, attachment_name="weekly.pdf")
    assert "img" not in Page(mail.html).tags
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
    assert "{{7*7}}" in mail.text


def test_the_heading_says_how_many_things_wait():
    assert "Three things wait for you" in render_mail(a_weekly_report(), archive_url=ARCHIVE, attachment_name=None).text
    calm = replace(a_weekly_report(), asks=())
    assert "wait for you," not in render_mail(calm, archive_url=ARCHIVE, attachment_name=None).text
