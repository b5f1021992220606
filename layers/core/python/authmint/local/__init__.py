"""The local stack and the ``authmint`` command. Not shipped in the layer."""
