"""Saattaen: a consent-aware gateway for the documents of work-ability support."""

__version__ = "0.1.0"
