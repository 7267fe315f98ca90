"""The human edge: pages for clients, professionals and data protection officers. It decides nothing."""
