"""The outbox and the local mail folder, for administrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card, page_note
from layouts.components.markup import button, hb, present
from layouts.components.status import chip
from layouts.pages.states import nothing_found
from services.domain.mailbox import DeliveredMail, MailRecord
from services.domain.views import Note
from services.domain.wording import at_instant, number

STATES: Mapping[str, tuple[str, str]] = {
    "sent": ("good", "Sent"),
    "pending": ("hold", "Waiting"),
    "claimed": ("hold", "Waiting"),
    "transmitting": ("hold", "On its way"),
    "deferred": ("near", "Tried, again later"),
    "failed": ("bad", "Failed"),
    "in_doubt": ("bad", "In doubt"),
}
"""State of the outbox -> tone and words."""
_KILO = 1024
BREAK_ANYWHERE = {"overflowWrap": "anywhere"}
"""Subjects, addresses and Message-IDs may be one long word."""


def mail_page(mails: Sequence[MailRecord], counts: Mapping[str, int], timezone: str, *, is_local: bool) -> Component:
    where = (
        "Mails of this installation are kept in a folder on the server; none leaves it."
        if is_local
        else "Mails go to the mail server that is set; here is what became of each."
    )
    body = _list(mails, counts, timezone) if mails else _nothing()
    return html.Div([_head("Mail", where), body])


def _head(title: str, words: str) -> Component:
    heading = html.Div([html.H1(title, style=BREAK_ANYWHERE), html.P(words, className=hb("sub"))])
    return html.Header(heading, className=hb("page-head"))


def _nothing() -> Component:
    words = "Mails appear here as soon as a schedule has run. Nothing has been sent so far."
    return nothing_found("No mails yet", words, can_reset=False)


def _list(mails: Sequence[MailRecord], counts: Mapping[str, int], timezone: str) -> Component:
    summary = ", ".join(f"{number(count)} {STATES[state][1].lower()}" for state, count in sorted(counts.items()))
    heads = [
        html.Th(words, scope="col", className=hb("fold" if words in {"To", "Since"} else ""))
        for words in ("Mail", "To", "State", "Since")
    ]
    rows = [html.Tr(_row(mail, timezone)) for mail in mails]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className=hb("tbl"))
    foot = [html.Span(f"The latest {number(len(mails))}. A mail in doubt is never sent again by itself.")]
    return html.Div(
        card("Outbox", f"{summary}.", html.Div(table, className=hb("tbl-w")), foot=foot), className=hb("grid")
    )


def _row(mail: MailRecord, timezone: str) -> list[Component]:
    since = at_instant(mail.sent_at or mail.created_at, timezone)
    return [
        html.Th(
            present(
                dcc.Link(mail.subject or "No subject", href=f"/admin/mail/{mail.id}"),
                html.Span(f"{mail.recipient}, {since}", className=hb("only-m"), style=BREAK_ANYWHERE),
                html.Span(mail.error) if mail.error and mail.state != "sent" else None,
            ),
            scope="row",
            className=hb("two"),
        ),
        html.Td(mail.recipient, className=hb("fold")),
        html.Td(_state(mail.state)),
        html.Td(since, className=hb("nowrap fold")),
    ]


def _state(state: str) -> Component:
    tone, words = STATES[state]
    return chip(tone, words)


def one_mail_page(record: MailRecord, delivered: DeliveredMail | None, timezone: str, *, may_decide: bool) -> Component:
    """``delivered`` None = its text is not in the local folder: it was not delivered, or went to a mail server."""
    return html.Div(
        [
            _head(record.subject or "No subject", f"To {record.recipient}"),
            html.Div(
                present(
                    card("Delivery", "One mail, one Message-ID for ever", _facts(record, timezone), width=5),
                    _text(delivered) if delivered else None,
                    _decision(record) if may_decide else None,
                ),
                className=hb("grid"),
            ),
            html.P(dcc.Link("All mails", href="/admin/mail"), className=hb("mt-4")),
        ]
    )


def _facts(record: MailRecord, timezone: str) -> Component:
    facts: list[tuple[str, Component | str]] = [
        ("State", _state(record.state)),
        ("Message-ID", html.Code(record.message_id, style=BREAK_ANYWHERE | {"color": "inherit"})),
        ("Entered", at_instant(record.created_at, timezone)),
        ("Tries", number(record.attempts)),
    ]
    if record.sent_at:
        facts.append(("Sent", at_instant(record.sent_at, timezone)))
    if record.error:
        facts.append(("Last answer", record.error))
    rows = [html.Tr([html.Th(name, scope="row"), html.Td(value, style=BREAK_ANYWHERE)]) for name, value in facts]
    return html.Table(html.Tbody(rows), className=hb("tbl tight"))


def _text(delivered: DeliveredMail) -> Component:
    number_of = delivered.record.id
    files = [
        html.A(
            f"{part.file_name}, {number(max(1, round(len(part.content) / _KILO)))} kB",
            href=f"/admin/mail/{number_of}/files/{index}",
        )
        for index, part in enumerate(delivered.attachments)
    ]
    frame = html.Iframe(
        src=f"/admin/mail/{number_of}/body",
        sandbox="allow-popups allow-popups-to-escape-sandbox",
        title="The mail as its reader sees it",
        style={"width": "100%", "height": "820px", "border": "0", "background": "#fff"},
    )
    return card("As it was delivered", f"From {delivered.sender}", frame, width=7, foot=files)


def _decision(record: MailRecord) -> Component | None:
    if record.state not in {"in_doubt", "failed"}:
        return None
    explained = (
        "The line was cut after the text was sent and before the server answered: it may have arrived. "
        "Sending again keeps the Message-ID, so most mail programs show it once."
        if record.state == "in_doubt"
        else "No server has taken it. Sending again keeps the Message-ID."
    )
    return card(
        "Decide",
        explained,
        html.Div(
            present(
                html.Button("Send again", id=ids.MAIL_AGAIN, type="button", className=hb("btn primary")),
                html.Button(
                    "Take as sent",
                    id=ids.MAIL_TAKEN,
                    type="button",
                    className=hb("btn"),
                    disabled=record.state != "in_doubt",
                ),
            ),
            className=hb("row"),
        ),
        html.Div(id=ids.MAIL_DECISION, role="status"),
        width=12,
    )


def decided(words: str, *, is_refused: bool = False) -> Component:
    """What the decision did."""
    return page_note(
        Note("error" if is_refused else "info", words), button("Reload", classes="btn small", data_reload="page")
    )
