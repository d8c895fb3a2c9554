"""Pure functions: arguments in, component trees out. Knows only `services.domain`."""
