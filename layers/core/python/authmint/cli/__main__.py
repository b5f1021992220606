"""``python -m authmint.local``."""

import sys

from .main import main

sys.exit(main())
