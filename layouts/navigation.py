"""What the side bar and the shell are told about pages; knows nothing of policies."""

from __future__ import annotations

from typing import NamedTuple


class NavItem(NamedTuple):
    """A page the viewer may open. Only such items reach the layout at all."""

    path: str
    title: str
    icon: str
    """Class of the icon shape: ``ico-<icon>``."""
    group: str
    """Heading in the side bar: Hiring, Performance, Decisions, Trust, Administration."""
    filtered: bool = False
    """The page follows the filters."""
    restricted: bool = False
    """Sensitive figures: a lock stands beside the name."""
