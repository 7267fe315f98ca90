"""The second volume: what must not be lost with the main database."""
