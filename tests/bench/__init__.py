"""What a protected read costs, as ratios of one run on one machine. Never a test: `make bench`."""
