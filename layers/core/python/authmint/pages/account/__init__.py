"""``/account`` and what is below it: people look after their own account, without JavaScript (docs/protocol.md §43)."""
