"""The position watchdog: watches leveraged positions and acts before liquidation does."""

__version__ = "0.1.0"
