"""SCIM 2.0 (RFC 7643, 7644): a company's directory provisions users and groups here (docs/protocol.md §41)."""
