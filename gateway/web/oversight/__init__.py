"""The data protection officer's room: who looked, why, and whether the log is whole."""
