"""System log (runtime contract §23): names and shapes of events, their pages, their way from log lines into it."""
