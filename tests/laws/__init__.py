"""The laws of disclosure, proved on the composed gateway."""
