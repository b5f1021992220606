"""Mail to people (docs/protocol.md §34): what is written to them, what it says, and how it leaves."""
