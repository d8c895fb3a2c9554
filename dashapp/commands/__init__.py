"""One module a command of `hireboard`; each exposes `command`. `dashapp.cli` finds them by file name."""
