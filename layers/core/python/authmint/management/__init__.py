"""The management API: resources of administrators and their error envelope (docs/protocol.md §23 to §29)."""
