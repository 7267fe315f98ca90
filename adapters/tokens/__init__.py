"""Tokens of partner systems: who they are (client assertions) and what they may try (access tokens)."""
