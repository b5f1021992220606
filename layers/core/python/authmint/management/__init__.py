"""The management API: resources of administrators and their error envelope (management contract)."""
