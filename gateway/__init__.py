"""Saattaen: a consent-aware gateway for the documents of work-ability support."""
