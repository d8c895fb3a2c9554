"""The command line `hireboard`."""


def main() -> None:
    """Run the command line."""
