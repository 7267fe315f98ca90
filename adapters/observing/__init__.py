"""Counting and tracing what the gateway does; see `gateway.disclosure.observing`."""
