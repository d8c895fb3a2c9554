"""The demonstration company: made up, seeded, with planted stories whose truth can be printed."""

from services.ingest.demonstration.load import DemonstrationSize, is_empty, load
from services.ingest.demonstration.stories import Stories, plant

__all__ = ["DemonstrationSize", "Stories", "is_empty", "load", "plant"]
