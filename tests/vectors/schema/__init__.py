"""Installations made by an earlier revision of the schema, with data in them, as text."""
