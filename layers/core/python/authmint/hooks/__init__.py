"""Hooks (docs/protocol.md §39): how endpoints of the operator's are asked and told, and what they may change."""
