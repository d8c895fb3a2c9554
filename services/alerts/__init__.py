"""Thresholds, the incidents they open, and the ladder that tells people step by step."""
