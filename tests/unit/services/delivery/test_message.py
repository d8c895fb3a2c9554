from __future__ import annotations

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.delivery.message import (
    Attachment,
    Mail,
    message_id_of,
    one_line,
    parse_address,
    safe_file_name,
    serialise,
)
from services.domain.errors import InvalidInputError

SENT_ON = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)


def _mail(**changes: object) -> Mail:
    values: dict[str, object] = {
        "recipient": "max@northwind.example",
        "recipient_name": "Hiring manager Max",
        "subject": "Week 44: two forms wait for you",
        "text": "Four open roles.\n.\nA line with a dot.",
        "html": "<p>Four open roles.</p>",
        "sent_on": SENT_ON,
        "attachments": (Attachment("report.pdf", "application/pdf", b"%PDF-1.7\r\n.\r\n"),),
    }
    return Mail(**(values | changes))  # type: ignore[arg-type]


def _serialised(mail: Mail) -> bytes:
    return serialise(mail, sender="hireboard@northwind.example", sender_name="Hireboard", message_id="<1@n.example>")


def _parsed(mail: Mail) -> EmailMessage:
    message = email.message_from_bytes(_serialised(mail), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_html_text_and_pdf_arrive_as_they_were() -> None:
    """Capability 9: HTML + text + PDF."""
    message = _parsed(_mail())
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Four open roles.", ".", "A line with a dot."]
    assert "<p>Four open roles.</p>" in html.get_content()
    [pdf] = message.iter_attachments()
    assert pdf.get_content() == b"%PDF-1.7\r\n.\r\n"
    assert pdf.get_filename() == "report.pdf"


def test_equal_mails_are_equal_bytes() -> None:
    assert _serialised(_mail()) == _serialised(_mail())


def test_lines_end_in_crlf_and_only_seven_bits_travel() -> None:
    body = _serialised(_mail(subject="Zürich: café", text="naïve – ☃"))
    assert all(byte < 128 for byte in body)
    assert b"\n" not in body.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "evil", ["Ro\r\nBcc: evil@evil.example", "Ro\nBcc: evil@evil.example\n\nbody", "Ro\x00\x85\u2028x"]
)
def test_a_name_cannot_smuggle_a_header(evil: str) -> None:
    """A35: line breaks in a candidate's or requisition's name."""
    hostile = _mail(
        subject=f"Report on {evil}",
        recipient_name=evil,
        attachments=(Attachment(f"{evil}.pdf", "application/pdf", b"x"),),
    )
    message = _parsed(hostile)
    assert message["Bcc"] is None
    assert sorted(message.keys()) == sorted(_parsed(_mail()).keys())
    assert message["To"].addresses[0].addr_spec == "max@northwind.example"
    assert len(message["To"].addresses) == 1


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_whatever_adds_a_header(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    message = _parsed(_mail(subject=text, recipient_name=text, attachments=(Attachment(text, "a/b", b"x"),)))
    assert sorted(message.keys()) == sorted(_parsed(_mail()).keys())
    assert message["To"].addresses[0].addr_spec == "max@northwind.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "max",
        "max@",
        "@x.example",
        "a@b@c.example",
        "a b@x.example",
        "a@x.example, b@y.example",
        "a@x.example\r\nBcc: b@y.z",
        "zoë@x.example",
        "a..b@x.example",
        "<a@x.example>",
    ],
)
def test_what_is_no_mailbox_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError, match="mail address"):
        parse_address(address)


def test_the_message_id_follows_from_the_key_alone() -> None:
    first = message_id_of("run/7/2026-W44/12", "northwind.example")
    assert first == message_id_of("run/7/2026-W44/12", "northwind.example")
    assert first != message_id_of("run/7/2026-W45/12", "northwind.example")
    assert first.startswith("<")
    assert first.endswith("@northwind.example>")
    assert "W44" not in first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("", "report"),
        (".bashrc", "bashrc"),
        ('a"b\r\nc.pdf', "a-b c.pdf"),
        ("Zoë.pdf", "Zoë.pdf"),
    ],
)
def test_a_file_name_has_no_folder_in_it(text: str, expected: str) -> None:
    assert safe_file_name(text) == expected


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("x" * 10, 5) == "xxxx…"
