"""The outbox, the local mail folder, and what a person decides about a mail in doubt."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

from dash import Input, Output, State, ctx
from flask import make_response, send_file

from callbacks.registry import GuardedDash, PageRequest
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.pages.mail import decided, mail_page, one_mail_page
from layouts.pages.states import nothing_found
from services.access.policy import Action
from services.domain.errors import HireboardError, NotFoundError

if TYPE_CHECKING:
    from dash.development.base_component import Component
    from flask.typing import ResponseReturnValue

    from services.container import Services

_ADDRESS = re.compile(r"/admin/mail/([0-9]{1,18})", re.ASCII)
BODY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""A mail's HTML may look like something, and nothing else."""


def page(request: PageRequest) -> Component:
    mailbox, viewer = request.services.mailbox, request.viewer
    return mail_page(mailbox.mails(viewer), mailbox.counts(viewer), viewer.timezone, is_local=mailbox.is_local)


def one_page(request: PageRequest) -> Component:
    mailbox, viewer = request.services.mailbox, request.viewer
    try:
        record = mailbox.record(mail_number(request.parameters["mail_id"]), viewer)
    except NotFoundError as error:
        return nothing_found("No mail here", str(error), can_reset=False)
    try:
        delivered = mailbox.open(record.id, viewer)
    except NotFoundError:
        delivered = None
    may_decide = request.services.policy.can(viewer, Action.DELIVERIES_RESEND)
    return one_mail_page(record, delivered, viewer.timezone, may_decide=may_decide)


def mail_number(text: str) -> int:
    """Raises NotFoundError for anything that is no mail's number."""
    found = _ADDRESS.fullmatch(f"/admin/mail/{text}")
    if found is None:
        raise NotFoundError("There is no such mail.")
    return int(found[1])


def body(request: PageRequest) -> ResponseReturnValue:
    """The mail's HTML, for the frame of its page: no script, no network, no form."""
    mail = request.services.mailbox.look(mail_number(request.parameters["mail_id"]), request.viewer)
    response = make_response(mail.html.replace("<head>", '<head><base target="_blank">', 1))
    response.headers["Content-Security-Policy"] = BODY_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def file(request: PageRequest) -> ResponseReturnValue:
    """An attached file, always as a download."""
    mail = request.services.mailbox.look(mail_number(request.parameters["mail_id"]), request.viewer)
    number = request.parameters["number"]
    if not (number.isascii() and number.isdigit() and int(number[:4]) < len(mail.attachments)):
        raise NotFoundError("This mail has no such file.")
    part = mail.attachments[int(number[:4])]
    return send_file(
        BytesIO(part.content),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=part.file_name,
    )


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(ids.MAIL_DECISION, "children"),
        Input(ids.MAIL_AGAIN, "n_clicks"),
        Input(ids.MAIL_TAKEN, "n_clicks"),
        State(ids.URL, "pathname"),
        requires=Action.DELIVERIES_RESEND,
        prevent_initial_call=True,
    )
    def decide(_again: object, _taken: object, path: object) -> Component:
        return decide_mail(services, path, send_again=ctx.triggered_id != ids.MAIL_TAKEN)


def decide_mail(services: Services, path: object, *, send_again: bool) -> Component:
    """Settle the mail whose page has the address ``path`` (hostile)."""
    found = _ADDRESS.fullmatch(path) if isinstance(path, str) else None
    if found is None:
        return decided("There is no such mail.", is_refused=True)
    try:
        services.mailbox.decide(int(found[1]), current_viewer(), send_again=send_again)
    except HireboardError as error:
        tell_if_refused(error, "/admin/mail/<mail_id>")
        return decided(str(error), is_refused=True)
    return decided("It will be sent again, under the same Message-ID." if send_again else "It counts as sent now.")
