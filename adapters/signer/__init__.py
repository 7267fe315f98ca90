"""The log's signing key in a process and user of its own, behind a UNIX socket."""
