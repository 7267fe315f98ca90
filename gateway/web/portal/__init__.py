"""The client's own pages of deciding: what is asked, given, changed, withdrawn, forbidden and paused."""
