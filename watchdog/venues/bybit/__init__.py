"""Bybit, unified trading account 2.0 (API v5): cross, isolated and portfolio margin; linear and inverse contracts."""
