"""A notice says the same in text and HTML, and nobody's words become markup or headers."""

from __future__ import annotations

from reports.notice import render_notice
from services.domain.notices import Notice

HOSTILE = '<script>alert(1)</script>\r\nBcc: otto@northwind.example {{ 7*7 }} "'


def test_a_notice_is_encoded_and_says_the_same_twice() -> None:
    words = render_notice(
        Notice(
            subject=f"About {HOSTILE}",
            heading=HOSTILE,
            paragraphs=("First.", HOSTILE),
            facts=(("n", "142"), ("Limit", "above 20%")),
            link="http://localhost:8050/actions/1",
            link_words="Open the incident",
            foot="You see only what your role allows.",
        )
    )
    assert "\n" not in words.subject
    assert "\r" not in words.subject
    assert "<script>" not in words.html
    assert "49" not in words.html + words.text
    for part in ("First.", "142", "above 20%", "http://localhost:8050/actions/1", "only what your role allows"):
        assert part in words.text
        assert part in words.html
