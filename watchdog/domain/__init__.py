"""The field's words as immutable values, and the facts and effects the core speaks in. Knows no I/O and no clock."""
