"""Authorization servers with their scopes, claims, policies, rules and keys."""
