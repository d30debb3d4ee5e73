"""Says when a library is imported for the first time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Ear(MetaPathFinder):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Hear of an import, and leave it to the others."""
        del path, target
        if name in self._names:
            self._names.discard(name)
            sys.stderr.write(json.dumps({"imported": name, "at": time.perf_counter()}) + "\n")
            sys.stderr.flush()
        return None


def watch_imports(names: Iterable[str]) -> None:
    """Write a line of JSON to standard error when one of these begins to be imported. None may be imported yet."""
    wanted = set(names)
    early = wanted & set(sys.modules)
    if early:
        raise RuntimeError(f"imported before anything began: {', '.join(sorted(early))}")
    if wanted:
        sys.meta_path.insert(0, _Ear(wanted))
