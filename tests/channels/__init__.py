"""The channels, each against a real other end."""
