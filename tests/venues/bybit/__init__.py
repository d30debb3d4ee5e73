"""Bybit: its rules against published and recorded figures, its wire against a server of our own."""
