"""Claims of tokens: what an administrator wrote, and what it evaluates to."""
