"""The command line in this process, on a data directory of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

from dashapp.cli import run


class CommandLine:
    """`hireboard` with settings from the given store and folder."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.settings = {"HIREBOARD_DATABASE_URL": database_url, "HIREBOARD_DATA_DIR": str(folder)}

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """(exit status, standard output, standard error)."""
        output, errors = io.StringIO(), io.StringIO()
        before = {name: os.environ.get(name) for name in self.settings}
        os.environ.update(self.settings)
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                status = run([str(argument) for argument in arguments])
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        return status, output.getvalue(), errors.getvalue()

    def json(self, *arguments: str | Path) -> Any:
        """The one JSON document a command prints; fails with its message when the command does."""
        status, output, errors = self.run(*arguments, "--json")
        assert status == 0, errors
        return json.loads(output)

    def rows(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Rows of `hireboard metrics query`."""
        found: list[dict[str, Any]] = self.json("metrics", "query", *arguments)["rows"]
        return found

    def row(self, *arguments: str | Path) -> dict[str, Any]:
        (found,) = self.rows(*arguments)
        return found
