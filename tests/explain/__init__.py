"""The room that explains readings."""
