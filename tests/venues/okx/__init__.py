"""OKX: its rules, its listing and its wire."""
