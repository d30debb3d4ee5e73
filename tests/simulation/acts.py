"""What can befall a seed: the kinds of acts, and the act."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watchdog.paper.binanceusdm.streams import Which
from watchdog.paper.faults import Fault


class What(StrEnum):
    """Kinds of acts."""

    FAULT = "fault"
    SOCKETS = "sockets"
    CHANNEL = "channel"
    DISK = "disk"
    CRASH = "crash"
    RESTART = "restart"
    HAND = "hand"
    RULES = "rules"
    WORD = "word"


class Hand(StrEnum):
    """What the trader does by hand."""

    OPEN = "open"
    GROW = "grow"
    SHRINK = "shrink"
    CLOSE = "close"
    FLIP = "flip"
    CANCEL_OURS = "cancel our stop"
    FOREIGN_STOP = "place a stop"
    FOREIGN_PROFIT = "place a take-profit"
    CANCEL_FOREIGN = "cancel own orders"
    DEPOSIT = "deposit"
    MARGIN = "add margin"


class Mood(StrEnum):
    """How the far end of a channel answers."""

    WELL = "well"
    REFUSES = "refuses"
    LOSES = "takes it, and the confirmation is lost"
    HANGS = "hangs"
    LATER = "asks to be left alone for a while"
    CHOOSY = "refuses some messages for good"


class Edit(StrEnum):
    """What is done to the rules file."""

    PLAIN = "as it was"
    COMMENT = "only a comment"
    LEVELS = "other levels"
    SHUFFLED = "the rules in another order"
    RENAMED = "another name for a rule"
    WATCH = "mode watch"
    ASK = "mode ask"
    TYPO = "an unknown word"
    SYNTAX = "no TOML"
    VALUE = "a level that is none"
    HALF = "half of it"
    EMPTY = "nothing"
    BYTES = "no text"
    GONE = "no file"


class How(StrEnum):
    """How an editor saves."""

    IN_PLACE = "in place"
    RENAME = "by a rename"
    LINK = "by another link"


class Word(StrEnum):
    """What the trader tells the daemon."""

    ACK = "ack"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    DISARM = "disarm"
    ARM = "arm"


class Disk(StrEnum):
    """What the disk does."""

    FULL = "full"
    GONE = "gone"
    SLOW = "slow"
    HUNG = "hung"


class Moment(StrEnum):
    """What a crash waits for; it comes a few steps after it."""

    NOW = "now"
    PLACED = "a stop was accepted"
    CANCELLED = "a stop was cancelled"
    SAVING = "a transaction was made"
    TOLD = "a message arrived"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens. Times are seconds since the seed began; `until` is the end of what lasts."""

    at: float
    what: What
    until: float = 0.0
    name: str = ""
    """A hand's act, a mood, a disk's, a moment, an edit, a word, what is done to sockets."""
    symbol: str = ""
    """Of a hand's act; or which channel; or the moment an edit waits for."""
    share: float = 0.0
    fault: Fault | None = None
    which: Which = Which.ALL
    steps: int = 0
    """Of a crash: steps of the daemon after the moment."""
    how: str = ""
    """How a file is saved; through what a word is said."""
    seconds: float = 0.0
    """How long a word is to hold; how long a channel asks to be left alone."""
    nudge: bool = False
    """Whether the daemon is sent SIGHUP once the file is saved."""
