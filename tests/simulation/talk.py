"""What the trader tells the daemon: typed or tapped on a phone, or at the daemon's own socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random

from tests.simulation.acts import Act, Word
from tests.simulation.peer import Peer, Said
from tests.simulation.record import Record
from watchdog.control import ControlError, ask
from watchdog.domain.effects import Message
from watchdog.domain.ids import handle
from watchdog.domain.verbs import Verb

_PATIENCE_S = 20.0
_TAPS: tuple[tuple[float, ...], ...] = ((), (), (2.0,), (2.0,), (30.0,), (90.0,), (2.0, 8.0))
"""Seconds after which a button is tapped."""


class Talk:
    """Says what a plan has in store."""

    def __init__(self, peers: Mapping[str, Peer], socket: Path, record: Record, random: Random) -> None:
        self._random = random
        self._peers = peers
        self._socket = socket
        self._record = record
        self._tasks: set[asyncio.Task[None]] = set()
        self._tapped: dict[str, float] = {}
        """By proposal when it was last said yes to."""

    def act(self, act: Act) -> None:
        """Say it."""
        said = Said(Verb(Word(act.name)), self._subject(act), act.seconds)
        if act.how in self._peers:
            self._peers[act.how].outgoing.append(said)
            return
        task = asyncio.create_task(self._by_socket(said))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def sees(self, peer: Peer, message: Message) -> None:
        """A message is on a phone; a button under it is tapped at once, slowly, too late, twice or never."""
        for button in message.buttons:
            if button.verb is not Verb.CONFIRM:
                continue
            for wait in self._random.choice(_TAPS):
                said = Said(button.verb, button.subject, account="")
                seconds = wait * self._random.uniform(0.5, 1.5)
                asyncio.get_running_loop().call_later(seconds, peer.outgoing.append, said)

    def answer(self, now: float) -> None:
        """All is calm, and the trader has time: whatever is asked is said yes to."""
        for peer in self._peers.values():
            alerts = () if peer.view is None else peer.view.alerts
            for button in (one for alert in alerts for one in alert.buttons if one.verb is Verb.CONFIRM):
                if now - self._tapped.get(button.subject, -_PATIENCE_S) >= _PATIENCE_S:
                    self._tapped[button.subject] = now
                    peer.outgoing.append(Said(button.verb, button.subject, account=""))

    def _subject(self, act: Act) -> str:
        """One of the alerts that were heard of lately, by its handle, where the word has a subject."""
        if Word(act.name) in {Word.DISARM, Word.ARM}:
            return ""
        heard = dict.fromkeys(one.alert for peer in self._peers.values() for one in peer.messages[-12:] if one.alert)
        keys = ["", *heard]
        key = keys[round(act.share * (len(keys) - 1))]
        return handle(key) if key else ""

    async def _by_socket(self, said: Said) -> None:
        body = {"verb": str(said.verb), "account": said.account, "subject": said.subject, "seconds": said.seconds}
        try:
            answer = await ask(self._socket, "POST", "/command", body, _PATIENCE_S)
        except ControlError as error:
            answer = str(error)
        self._record.say(f"socket says {said.verb} {said.subject}: {answer}")
