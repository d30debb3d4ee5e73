"""What must outlive the process: alert states, outbox, journal. One SQLite file, one writer, whole transactions."""

from watchdog.store.errors import StoreError
from watchdog.store.journal import Journal, JournalLine, open_journal
from watchdog.store.store import Pruned, Store

__all__ = ["Journal", "JournalLine", "Pruned", "Store", "StoreError", "open_journal"]
