"""Surveys of hiring managers and candidates: when they are due, one-time links, answers, response rates."""
