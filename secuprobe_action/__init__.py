"""Scan a web application with SecuProbe from a CI pipeline, and gate on what it finds."""

__version__ = "1.0.0"
