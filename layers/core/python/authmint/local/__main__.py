"""``python -m authmint.local``."""

import sys

from .cli import main

sys.exit(main())
