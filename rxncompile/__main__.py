"""`python -m rxncompile` is `rxnc`."""

import sys

from .cli import main

sys.exit(main())
