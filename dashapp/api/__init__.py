"""The interface for programs under ``/api/v1``: a bearer token in the header, JSON out, no cookies."""
