"""The ``authmint`` command, against any deployment."""
