"""``/api/v1/authn``: sign-ons as the official SDKs walk through them, state by state (docs/protocol.md §31.5)."""
