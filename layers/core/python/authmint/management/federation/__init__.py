"""``/api/v1/idps``: identity providers, and whom they know."""
