"""docs/settings.md, made from the settings themselves: `python -m dashapp.setting_docs > docs/settings.md`."""

from __future__ import annotations

import sys

from dashapp.config import PREFIX, Settings

HEAD = """# Settings

Environment variables, or lines of a `.env` file in the checkout (or the working folder of an installed package); the
environment wins, command-line options win over both. They are read once, at start. A wrong one stops the start with one
sentence that names it. Those marked * may hold a secret and are accepted as `…_FILE` too: the path of a file that holds
the value. What admins change while the server runs is not here but on the admin pages.

<!-- Made by `python -m dashapp.setting_docs`; the test suite refuses a page that is out of date. -->
"""


def settings_page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        accepts = extra["accepts"] if isinstance(extra, dict) else ""
        mark = " *" if name in Settings.SECRETS else ""
        words = " ".join((field.description or "").split())
        parts.append(f"## {PREFIX}{name.upper()}{mark}\n\n{words}\n\nAccepts {accepts}.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(settings_page())
