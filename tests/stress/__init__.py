"""The gateway under more than it can do: figures for its operator. Never a test: `make flood`."""
