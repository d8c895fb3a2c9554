"""Words for made-up people, places and work. Kept apart from the rules that use them."""

from __future__ import annotations

from typing import NamedTuple

COMPANY = "Northwind Group"

FIRST: tuple[str, ...] = (
    "Amara", "Ben", "Chloe", "Diego", "Elif", "Farid", "Greta", "Hugo", "Imani", "Jonas", "Kaito", "Leila", "Mateo",
    "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tove", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf",
    "Zofia", "Anders", "Bianca", "Cyrus", "Daphne", "Emeka", "Freya", "Gustav", "Hiromi", "Ines", "Jakub", "Kofi",
    "Lucia", "Marek", "Noor", "Olga", "Pablo", "Rhea", "Sven", "Tariq", "Ulla", "Vera", "Wei", "Yara", "Zeno",
)  # fmt: skip
LAST: tuple[str, ...] = (
    "Abbott", "Bakker", "Castillo", "Dubois", "Eriksen", "Fontana", "Gupta", "Haddad", "Ivanov", "Johansson",
    "Kowalski", "Larsen", "Moreau", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka", "Ueda",
    "Vargas", "Weber", "Xu", "Yilmaz", "Zhang", "Almeida", "Bergstrom", "Costa", "Diallo", "Engel", "Fischer",
    "Garcia", "Hoffmann", "Ito", "Jensen", "Kumar", "Lindqvist", "Martin", "Novak", "Osei", "Park", "Reyes", "Sato",
    "Torres", "Usman", "Vogel", "Walsh", "Young", "Zimmermann",
)  # fmt: skip


class OfficeName(NamedTuple):
    name: str
    city: str
    country: str
    subdivision: str | None
    region: str
    timezone: str
    utc_offset_hours: float
    """Standard time, only to place meetings into working hours."""
    friday_end: str | None
    weight: float


OFFICES = (
    OfficeName("Berlin", "Berlin", "DE", "BE", "EMEA", "Europe/Berlin", 1, "15:00", 0.20),
    OfficeName("London", "London", "GB", "ENG", "EMEA", "Europe/London", 0, None, 0.18),
    OfficeName("Paris", "Paris", "FR", None, "EMEA", "Europe/Paris", 1, None, 0.10),
    OfficeName("New York", "New York", "US", "NY", "AMER", "America/New_York", -5, None, 0.20),
    OfficeName("San Francisco", "San Francisco", "US", "CA", "AMER", "America/Los_Angeles", -8, None, 0.12),
    OfficeName("Toronto", "Toronto", "CA", "ON", "AMER", "America/Toronto", -5, None, 0.06),
    OfficeName("Singapore", "Singapore", "SG", None, "APAC", "Asia/Singapore", 8, None, 0.06),
    OfficeName("Bengaluru", "Bengaluru", "IN", "KA", "APAC", "Asia/Kolkata", 5.5, None, 0.08),
)

DEPARTMENTS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("Technology", 0.34, ("Platform", "Security", "Data", "Product engineering")),
    ("Sales", 0.22, ("Enterprise sales", "Mid-market sales")),
    ("Operations", 0.17, ("Logistics", "Facilities")),
    ("Customer care", 0.13, ("Support", "Customer success")),
    ("Finance", 0.07, ("Accounting", "Controlling")),
    ("Legal and people", 0.07, ("Legal", "People")),
)
"""Name, share of requisitions, teams."""

FAMILIES = {
    "Technology": ("Engineering", "Data science", "Product"),
    "Sales": ("Sales", "Marketing"),
    "Operations": ("Supply chain", "Operations"),
    "Customer care": ("Customer support",),
    "Finance": ("Finance",),
    "Legal and people": ("Legal", "People operations"),
}
LEVELS = ("Associate", "Professional", "Senior", "Lead", "Manager", "Director")
LEVEL_WEIGHTS = (0.18, 0.32, 0.26, 0.12, 0.09, 0.03)

SOURCES: tuple[tuple[str, str, float], ...] = (
    ("Employee referral", "referral", 0.12),
    ("Recruitment agency", "agency", 0.06),
    ("Direct sourcing", "sourced", 0.26),
    ("Careers site", "careers_site", 0.22),
    ("Job boards", "job_board", 0.28),
    ("University programme", "university", 0.04),
    ("Internal move", "internal", 0.02),
)
"""Name, channel, share of applications."""

STAGES = (
    ("Application review", "applied"),
    ("Phone screen", "screen"),
    ("Assessment", "assessment"),
    ("Panel interview", "interview"),
    ("Final interview", "interview"),
    ("Offer", "offer"),
)

EXIT_REASONS = (
    ("Skills do not match", "company"),
    ("Stronger candidate", "company"),
    ("Pay expectation", "company"),
    ("Took another offer", "candidate"),
    ("No longer interested", "candidate"),
    ("Did not show up", "no_show"),
    ("No answer", "unresponsive"),
    ("Position filled", "position_filled"),
    ("Requisition cancelled", "company"),
    ("Archived without a reason", "unknown"),
    ("Offer declined", "candidate"),
)

CHECK_VENDORS = ("Verity Checks", "ClearPath", "Northgate Screening")
ONBOARDING_TASKS = ("Contract signed", "Laptop ready", "Accounts ready", "Buddy named", "First-week plan")

CAST: tuple[tuple[str, str, str], ...] = (
    ("executive", "Eva", "Lindqvist"),
    ("hiring_manager", "Max", "Weber"),
    ("recruiter", "Rita", "Osei"),
    ("recruiting_manager", "Ron", "Moreau"),
    ("hrbp", "Hana", "Sato"),
    ("dei_officer", "Dee", "Okafor"),
    ("compliance", "Cleo", "Martin"),
    ("admin", "Ada", "Novak"),
)
"""Sign-ins of the demonstration: role, first and last name."""
