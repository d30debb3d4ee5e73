"""An account that asks before it sends: what it shows, and what is answered to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.core.bench import Bench, account, d, only, position, resting
from watchdog.domain.effects import Button, Message, Reply
from watchdog.domain.facts import Command
from watchdog.domain.position import Position, Stop
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Ruleset

HELD = position()
NEAR = replace(HELD, mark=d("93000"))
"""Past the place of the shipped rule."""

SOON = """
[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = "below 95%"
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""
NEARER = """
[[rule]]
name = "leverage"
metric = "effective_leverage"
critical = "2"
stop = { when = "critical", place = { entry_to_liquidation = "30%" } }
mode = "ask"
"""
ASK = 'mode = "ask"'
ACT = 'mode = "act"\nfirst_act_after = "0s"'


def sized(size: str) -> Position:
    """The long with another size, and its margin."""
    return replace(HELD, size=d(size), isolated_wallet=d(size) * 10000)


def changed(rules: Ruleset, **stop: object) -> Ruleset:
    """The rules with other values in the stop of each."""
    return replace(
        rules,
        rules=tuple(
            rule if rule.stop is None else replace(rule, stop=replace(rule.stop, **stop))  # type: ignore[arg-type]
            for rule in rules.rules
        ),
    )


def asking(protection: str = ASK, rules: str = SOON, held: Position = HELD, **stop: object) -> Bench:
    """An account whose rule has just asked."""
    bench = Bench.with_rules(changed(only(rules, protection), **stop))
    bench.read(account(held))
    return bench


def buttons(bench: Bench) -> list[Button]:
    """Every button so far that is a yes."""
    return [one for message in bench.messages() for one in message.buttons if one.verb is Verb.CONFIRM]


def shown(bench: Bench) -> Message:
    """The message that asked last."""
    return [message for message in bench.messages() if any(one.verb is Verb.CONFIRM for one in message.buttons)][-1]


def say_yes(bench: Bench, identity: str | None = None, by: str = "") -> None:
    """A tap on the button shown last, or on another."""
    bench.put(Command(Verb.CONFIRM, "me", identity or buttons(bench)[-1].subject, by=by))


def replies(bench: Bench) -> list[Reply]:
    """Every answer so far."""
    return [effect for effect in bench.effects if isinstance(effect, Reply)]


def yes(bench: Bench, held: Position = HELD, stops: Iterable[Stop] = (), by: str = "") -> Reply:
    """A tap on the button shown last, and its answer once a fresh read is here."""
    say_yes(bench, by=by)
    bench.after(1).read(account(held, stops=stops))
    return replies(bench)[-1]


def confirmed(bench: Bench, held: Position = HELD) -> Stop:
    """A yes whose stop rests."""
    assert yes(bench, held).ok
    place = bench.placed()[-1]
    bench.after(1).answer(place)
    stop = resting(place.order)
    bench.after(1).read(account(held, stops=[stop]))
    return stop
