"""`python -m watchdog`: the same as the command `watchdog`."""

import sys

from watchdog.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
