"""Access policies: which rule lets a request have its tokens, why, and what is wrong with the rules."""
