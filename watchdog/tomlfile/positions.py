"""Where each key and each value of a TOML text stands.

`tomllib` keeps no positions, so the text is parsed a second time, by tree-sitter's TOML grammar, whose spans are exact.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

KeyPath: TypeAlias = tuple[str | int, ...]
"""Names one value: `("rule", 2, "critical", "at")`. Arrays, and arrays of tables, count from 0."""

_LANGUAGE = Language(tree_sitter_toml.language())


class LineColumn(NamedTuple):
    """A place in a text, counted in characters from 1."""

    line: int
    column: int


class Duplicate(NamedTuple):
    """A key or table written again: its name, where, and where it stood first."""

    name: str
    again: LineColumn
    first: LineColumn


class Positions:
    """The places of all keys and values of one text.

    A table's value begins at its `[`, `[[` or `{`; a table made only by a dotted key begins at that key.
    """

    def __init__(self, text: str) -> None:
        encoded = text.encode()
        self._lines = encoded.split(b"\n")
        self.keys: dict[KeyPath, LineColumn] = {(): LineColumn(1, 1)}
        self.values: dict[KeyPath, LineColumn] = {(): LineColumn(1, 1)}
        self.duplicates: list[Duplicate] = []
        self._last_element: dict[KeyPath, int] = {}
        """Of each array of tables: the index its newest `[[header]]` opened."""
        self._written: dict[KeyPath, LineColumn] = {}
        """What was defined in full (a pair, or a table's own header), so that a second time is a duplicate."""
        self._read_document(Parser(_LANGUAGE).parse(encoded).root_node)

    def key_at(self, path: KeyPath) -> LineColumn:
        """Where the key stands; that of the nearest table around it for one that is not in the text."""
        return self._nearest(self.keys, path)

    def value_at(self, path: KeyPath) -> LineColumn:
        """Where the value begins; that of the nearest table around it for one that is not in the text."""
        return self._nearest(self.values, path)

    @staticmethod
    def _nearest(places: dict[KeyPath, LineColumn], path: KeyPath) -> LineColumn:
        while path not in places:
            path = path[:-1]
        return places[path]

    def _place(self, node: Node) -> LineColumn:
        row, byte = node.start_point
        return LineColumn(row + 1, len(self._lines[row][:byte].decode(errors="replace")) + 1)

    def _read_document(self, root: Node) -> None:
        for node in root.children:
            if node.type == "pair":
                self._read_pair((), node)
            elif node.type in ("table", "table_array_element"):
                table = self._read_header(node, array=node.type == "table_array_element")
                for child in node.children:
                    if child.type == "pair":
                        self._read_pair(table, child)

    def _read_header(self, node: Node, *, array: bool) -> KeyPath:
        key = next((child for child in node.children if child.type.endswith("_key")), None)
        if key is None:
            return ()
        path: KeyPath = ()
        *outer, (name, place) = self._parts(key)
        for part, part_place in outer:
            path = self._enter((*path, part), part_place)
        path = (*path, name)
        opening = self._place(node)
        if array:
            self.keys.setdefault(path, place)
            self.values.setdefault(path, opening)
            index = self._last_element.get(path, -1) + 1
            self._last_element[path] = index
            path = (*path, index)
            self.keys[path] = place
            self.values[path] = opening
            return path
        self._write(path, name, place)
        self.keys[path] = place
        self.values[path] = opening
        return path

    def _enter(self, path: KeyPath, place: LineColumn) -> KeyPath:
        """Step into a table named on the way to a longer key; into the newest element of an array of tables."""
        self.keys.setdefault(path, place)
        self.values.setdefault(path, place)
        return (*path, self._last_element[path]) if path in self._last_element else path

    def _write(self, path: KeyPath, name: str, place: LineColumn) -> None:
        if path in self._written:
            self.duplicates.append(Duplicate(name, place, self._written[path]))
        else:
            self._written[path] = place

    def _read_pair(self, table: KeyPath, pair: Node) -> None:
        """A `key = value`, and all that lies inside its value. Not recursive: a text may nest as deep as it likes."""
        todo: list[tuple[KeyPath, Node]] = [(table, pair)]
        while todo:
            path, node = todo.pop()
            if node.type == "pair":
                inner = self._read_key(path, node)
                if inner is not None:
                    todo.append(inner)
                continue
            place = self._place(node)
            self.keys.setdefault(path, place)
            self.values[path] = place
            parts = [child for child in node.children if child.is_named and child.type != "comment"]
            if node.type == "array":
                todo.extend(((*path, index), child) for index, child in enumerate(parts))
            elif node.type == "inline_table":
                todo.extend((path, child) for child in reversed(parts) if child.type == "pair")

    def _read_key(self, table: KeyPath, pair: Node) -> tuple[KeyPath, Node] | None:
        key, *rest = (child for child in pair.children if child.is_named and child.type != "comment")
        if not key.type.endswith("_key"):
            return None
        *outer, (name, place) = self._parts(key)
        path = table
        for part, part_place in outer:
            path = (*path, part)
            self.keys.setdefault(path, part_place)
            self.values.setdefault(path, part_place)
        path = (*path, name)
        self._write(path, name, place)
        self.keys.setdefault(path, place)
        return (path, rest[0]) if rest else None

    def _parts(self, key: Node) -> Iterator[tuple[str, LineColumn]]:
        """The parts of a bare, quoted or dotted key, in order. Dotted keys nest to the left."""
        parts: list[Node] = []
        while key.type == "dotted_key":
            children = [child for child in key.children if child.type.endswith("_key")]
            parts.extend(reversed(children[1:]))
            key = children[0]
        parts.append(key)
        return ((_key_text(part), self._place(part)) for part in reversed(parts))


def _key_text(node: Node) -> str:
    text = (node.text or b"").decode(errors="replace")
    if node.type == "bare_key":
        return text
    try:
        return next(iter(tomllib.loads(f"{text} = 0")))  # tomllib knows the escapes
    except (tomllib.TOMLDecodeError, StopIteration):
        return text[1:-1]
