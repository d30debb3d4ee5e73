"""Alerts, pure: their life cycle, and what a message says."""
