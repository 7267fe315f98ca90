"""One request for data, from question to release."""
