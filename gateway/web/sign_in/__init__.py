"""Signing in and out, and on whose behalf somebody acts."""
