"""The gateway as its operator runs it: real processes, real sockets on loopback."""
