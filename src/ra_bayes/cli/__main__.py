"""``python -m ra_bayes.cli``."""

from __future__ import annotations

from ra_bayes.cli import main

if __name__ == "__main__":
    main()
