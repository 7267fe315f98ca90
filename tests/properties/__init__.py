"""Laws, put to random questions."""
