from __future__ import annotations

import json

from click.testing import CliRunner

from dashapp.commands.failpoints import command
from services.delivery.failpoints import FAILPOINTS


def test_every_named_place_is_listed_with_what_holds_there() -> None:
    """9: the named failpoints, for people and as JSON."""
    words = CliRunner().invoke(command, ["list"]).output
    assert all(f"{name} " in words for name in FAILPOINTS)
    listed = json.loads(CliRunner().invoke(command, ["list", "--json"]).output)
    assert {entry["name"] for entry in listed["failpoints"]} == set(FAILPOINTS)
    assert listed["actions"] == ["crash", "raise", "sleep", "enospc"]
