"""The gateway under more than it can do, and several of them on one database: figures for its operator, and a law."""
