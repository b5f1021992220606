"""A deployment's tables back from their backups, and whether what came back is whole."""
