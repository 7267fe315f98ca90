"""Who and what exists, as dated code lists: organisations, services, roles, categories, purposes, legal bases."""
