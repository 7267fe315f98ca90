"""The professional's desk: own clients, what may be seen now, consents recorded with a client, and the worklist."""
