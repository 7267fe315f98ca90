"""The gateway's own keys: one folder, one JSON file a kind, each key for one purpose alone."""
