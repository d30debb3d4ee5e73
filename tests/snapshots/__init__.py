"""Snapshots: cleaned, written, read again."""
