"""How often chance is tried."""

from __future__ import annotations

import os

#: One of each in `make check`; `CHAOS_SEEDS=10` tries ten.
SEEDS = range(1, 1 + int(os.environ.get("CHAOS_SEEDS", "1")))
