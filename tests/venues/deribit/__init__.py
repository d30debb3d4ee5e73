"""Deribit: what is read there, held against published and plain arithmetic."""
