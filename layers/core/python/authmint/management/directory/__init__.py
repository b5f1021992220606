"""Users, groups and the schemas of their profiles."""
