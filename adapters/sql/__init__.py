"""Our own stores, through SQLAlchemy: rows stop here."""
