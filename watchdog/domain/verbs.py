"""What a person can tell the daemon."""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """A word of command. What each does is decided by the core alone."""

    ACK = "ack"
    """I have seen it: no reminder, no escalation, until it gets worse."""
    SILENCE = "silence"
    """No word of what the subject names, for so many seconds. It stops neither acting nor emergencies."""
    UNSILENCE = "unsilence"
    CONFIRM = "confirm"
    """Yes to the proposal the subject names."""
    DISARM = "disarm"
    ARM = "arm"
