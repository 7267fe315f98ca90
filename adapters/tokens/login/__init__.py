"""Signing people in with OpenID Connect: which providers there are, and how each is asked and believed."""
