"""Serving an open gateway: the socket, the server, what it does by itself, and several processes on one socket."""

from gateway.serving.server import Serving, listen, served

__all__ = ["Serving", "listen", "served"]
