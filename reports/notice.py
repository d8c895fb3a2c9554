"""A notice as a mail: one thing that happened, its facts, one link."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import jinja2

from reports.printable import finalize, printable
from services.domain.notices import Notice, NoticeWords

SUBJECT_LENGTH = 120


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), disabled_extensions=("txt.j2",)),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
    )


def render_notice(notice: Notice) -> NoticeWords:
    """Subject, plain text and HTML that say the same."""
    templates = _environment()
    subject = printable(notice.subject, limit=SUBJECT_LENGTH)
    context = {"notice": notice, "subject": subject}
    return NoticeWords(
        subject=subject,
        text=templates.get_template("notice.txt.j2").render(context),
        html=templates.get_template("notice.html.j2").render(context),
    )
