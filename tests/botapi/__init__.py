"""A Bot API server of the tests' own: real HTTP, as https://core.telegram.org/bots/api has it, with faults to order."""

from tests.botapi.faults import Fault, Faults
from tests.botapi.server import BotApi
from tests.botapi.world import Chat, Shown, World

__all__ = ["BotApi", "Chat", "Fault", "Faults", "Shown", "World"]
