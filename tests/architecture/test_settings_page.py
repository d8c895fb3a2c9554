"""13: every setting is documented, and the page is the one made from the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashapp.config import PREFIX, TOOL_VARIABLES, Settings
from dashapp.setting_docs import settings_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "settings.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == settings_page(), "run: python -m dashapp.setting_docs > docs/settings.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_says_what_it_is_and_what_it_accepts(name):
    field = Settings.model_fields[name]
    assert len((field.description or "").split()) >= 4
    assert isinstance(field.json_schema_extra, dict)
    assert field.json_schema_extra["accepts"]


def test_no_variable_is_read_that_is_not_a_setting():
    """A variable that only some module knows is one that nobody can find."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | TOOL_VARIABLES
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in Settings.SECRETS}
    used = set()
    for package in ("dashapp", "layouts", "callbacks", "services", "reports"):
        for path in (ROOT / package).rglob("*.py"):
            used |= set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", path.read_text()))
    assert used - known == set()
