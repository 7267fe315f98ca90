"""Channels: how messages reach services and the client's own device."""
