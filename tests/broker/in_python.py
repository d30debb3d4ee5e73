"""amqtt, in a process of its own: `python -m tests.broker.in_python SETTINGS.json`. It speaks MQTT 3.1.1 only."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amqtt.broker import Broker  # type: ignore[import-untyped]  # it ships no types
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher


def settings(given: dict[str, Any]) -> dict[str, Any]:
    """As amqtt wants them."""
    listener: dict[str, Any] = {"type": "tcp", "bind": given["bind"]}
    if given["certificate"]:
        listener |= {"ssl": True, "certfile": given["certificate"], "keyfile": given["certificate"]}
    plugins: dict[str, Any] = {}
    if given["passwords"]:
        # as cheap as it gets: no secret is kept
        hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        users = Path(given["folder"]) / "passwords"
        users.write_text("".join(f"{user}:{hasher.hash(word)}\n" for user, word in given["passwords"].items()))
        plugins["amqtt.plugins.authentication.FileAuthPlugin"] = {"password_file": str(users)}
    else:
        plugins["amqtt.plugins.authentication.AnonymousAuthPlugin"] = {"allow_anonymous": True}
    if given["topics"]:
        plugins["amqtt.plugins.topic_checking.TopicAccessControlListPlugin"] = {
            "publish_acl": given["topics"],
            "acl": given["topics"],
        }
    return {"listeners": {"default": listener}, "plugins": plugins}


class Steady(dict[str, Any]):
    """A dict that may grow while it is gone through.

    amqtt 0.12 goes through its subscriptions with an await inside: one connection in a hundred dies of it.
    """

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.keys()))


async def main(file: str) -> None:
    """Serve until killed."""
    logging.basicConfig(level=logging.WARNING)
    broker = Broker(settings(json.loads(await asyncio.to_thread(Path(file).read_text))))
    broker._subscriptions = Steady()
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
