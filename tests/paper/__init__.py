"""The paper venue: its core by figures and properties, its face by an unmodified ccxt and by raw requests."""
