"""The demo: the real daemon against the paper venue, the market waiting for the daemon's cycle at every second."""
