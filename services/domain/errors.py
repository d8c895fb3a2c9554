"""Errors, one class per reaction. Every message says what happened and what to do."""

from __future__ import annotations


class HireboardError(Exception):
    """Something a person can act on; the message is shown to them as it is."""


class ConfigurationError(HireboardError):
    """A setting is missing or wrong: the start stops. Names the variable and what it accepts."""


class NotSignedInError(HireboardError):
    """401: nobody is signed in, or the session has ended."""


class ForbiddenError(HireboardError):
    """403: the viewer's policy does not grant this action on this resource."""


class NotFoundError(HireboardError):
    """404: there is nothing here, or the viewer may not know that there is."""


class ConflictError(HireboardError):
    """409: somebody else changed it first."""


class InvalidInputError(HireboardError):
    """422 (or exit status 1): the input cannot be used; says which part and what is accepted."""


class TooManyGroupsError(InvalidInputError):
    """An answer would have more groups than the question allows; ``groups`` says how many."""

    def __init__(self, groups: int, most: int) -> None:
        super().__init__(f"That are {groups:,} groups, more than {most:,}. Narrow the filters.")
        self.groups = groups


class RetryLaterError(HireboardError):
    """503: a dependency is away or busy; trying again later is right."""


class NotThereYetError(RetryLaterError):
    """What is needed is to be delivered from outside: looking again after ``wait_s`` seconds is soon enough."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class TooManyAttemptsError(HireboardError):
    """429: too many tries in too short a time; says how long to wait."""
