"""System log: names and shapes of events (runtime contract §23)."""
