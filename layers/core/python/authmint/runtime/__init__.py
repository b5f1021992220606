"""What makes functions of the domain: settings, wiring (the composition root), entrypoint, logging."""
