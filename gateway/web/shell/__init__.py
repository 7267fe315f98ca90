"""What every room shares: the front page, choice of language and size, help, the way out, static files."""
