"""``/idp/myaccount``: one's own account for programs that act for its owner (docs/protocol.md §44)."""
