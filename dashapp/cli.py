"""The command line `hireboard`: finds its commands by file name in ``dashapp.commands`` and words their failures.

A command module exposes ``command: click.Command``; it is imported when it is asked for, so `hireboard check` does not
load Dash. ``import_.py`` is the command `import` (a trailing underscore is taken off, others become dashes).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import traceback

import click

from dashapp import commands
from services.domain.errors import HireboardError


def _command_name(module: str) -> str:
    return module.removesuffix("_").replace("_", "-")


def _modules() -> dict[str, str]:
    """Command name to module name."""
    found = {_command_name(entry.name): entry.name for entry in pkgutil.iter_modules(commands.__path__)}
    return dict(sorted(found.items()))


class CommandsByFile(click.Group):
    """A group whose commands are the modules of ``dashapp.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # click's signature
        return list(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # as above
        module = _modules().get(cmd_name)
        if module is None:
            return None
        loaded = importlib.import_module(f"dashapp.commands.{module}")
        command: click.Command | None = getattr(loaded, "command", None)
        return command


@click.group(cls=CommandsByFile, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hireboard", prog_name="hireboard")
def hireboard() -> None:
    """Hireboard: hiring performance, from an export to a dashboard, a report and an archive.

    Settings are HIREBOARD_* environment variables or a .env file; `hireboard check` says what is wrong with them.
    """


def main() -> None:
    """Run the command line: exit status 0 done, 1 failed with a message that says what to do, 2 wrong usage."""
    try:
        status = run(sys.argv[1:])
    except Exception as error:  # noqa: BLE001  # the last stop: people get a line, the traceback goes into a file
        status = _fail(_unexpected(error))
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit status."""
    try:
        result = hireboard.main(args=arguments, prog_name="hireboard", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _fail(error.format_message())
    except HireboardError as error:
        return _fail(str(error))
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail("Stopped.")
    except BrokenPipeError:
        # the reader (head, less) has seen enough; without this the interpreter complains when it flushes
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="hireboard-error-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    return (
        f"Something unexpected happened ({type(error).__name__}). This is a mistake in Hireboard; please report it "
        f"with the details in {file.name}."
    )


def _fail(message: str) -> int:
    click.echo(f"hireboard: {' '.join(message.split())}", err=True)
    return 1


if __name__ == "__main__":
    main()
