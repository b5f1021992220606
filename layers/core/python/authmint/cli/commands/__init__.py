"""The commands of ``authmint``, one module per group: each adds its parsers and runs them."""
