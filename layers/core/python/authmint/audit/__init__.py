"""System log (docs/protocol.md §21): names and shapes of events, their pages, their way from log lines into it."""
