"""Silences people ask for, and their ends. They hold back words: nothing here is looked at by anything that acts."""

from __future__ import annotations

from collections.abc import Iterable

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import rules_for_pool, rules_for_position
from watchdog.alerts.silence import BLIND, LONGEST, SHORTEST, Silence, always_said, meaning, means, to_json
from watchdog.alerts.view import POOL, alert_key, position_subject
from watchdog.core.state import State
from watchdog.domain.changed import replace
from watchdog.domain.effects import Button, Level, Reply
from watchdog.domain.facts import Command, Instant
from watchdog.domain.gather import Out
from watchdog.domain.verbs import Verb


def known_keys(state: State) -> set[str]:
    """The keys of the alerts there are, and of those that rules can raise on what is held."""
    keys = {*state.alerts, BLIND, *(alert_key(rule, "") for rule in state.rules.rules)}
    for position in state.held.values():
        subject = position_subject(position.key)
        keys |= {alert_key(rule, subject) for rule in rules_for_position(state.rules, position)}
    if state.book is not None:
        keys |= {
            alert_key(rule, POOL + asset)
            for asset, pool in state.book.pools.items()
            for rule in rules_for_pool(state.rules, pool)
        }
    return keys


def silence(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    """Say nothing of what the subject names for so long; refused without an end, or when nothing is called so."""
    if not SHORTEST <= fact.seconds <= LONGEST:
        out.do(Reply(fact.reply_to, "a silence ends by itself: between 1 second and 7 days", ok=False))
        return state
    account = state.who.account
    about = sorted(key for key in known_keys(state) if means(fact.subject, account, key))
    if not about:
        out.do(Reply(fact.reply_to, f"nothing on {account} is called {fact.subject}", ok=False, known=False))
        return state
    what = " and ".join(sorted({meaning(fact.subject, account, key) for key in about}))
    made = Silence(fact.subject, now.wall, now.wall + fact.seconds, fact.by, what)
    state = replace(state, silences=state.silences.insert(made.key, made))
    desk.silences = tuple(state.silences.values())
    out.keep("silence", made.key, to_json(made))
    until = words.until_words(made.until, now.wall, state.who.zone)
    lines = [f"INFO · SILENCED until {until}: {what} · {account}"]
    if fact.by:
        lines.append(f"It was {fact.by}.")
    lines.append("Emergencies, being blind and what I do are said all the same. Stops are placed as before.")
    end = Button("End the silence", Verb.UNSILENCE, made.key)
    desk.tell(f"silenced|{made.key}", Level.WARN, lines, buttons=(end,))
    out.do(Reply(fact.reply_to, f"silenced until {until}: {what}"))
    return state


def unsilence(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    """End the silences the subject names, all without one; what still fires is said."""
    over = [one for _, one in sorted(state.silences.items()) if _ends(state, fact.subject, one)]
    if not over:
        out.do(Reply(fact.reply_to, "nothing is silenced there", known=False))
        return state
    out.do(Reply(fact.reply_to, f"no longer silenced: {', '.join(one.what for one in over)}"))
    return _end(state, over, desk, out, now)


def _ends(state: State, subject: str, one: Silence) -> bool:
    """Whether a person's subject names a silence: as it was asked for or told, or all that it holds back."""
    account, asked = state.who.account, subject.casefold()
    if asked in {"", account.casefold(), one.key, one.subject.casefold(), one.what.casefold()}:
        return True
    held_back = [key for key in known_keys(state) if means(one.subject, account, key)]
    return bool(held_back) and all(means(subject, account, key) for key in held_back)


def clock(state: State, desk: Desk, out: Out, now: Instant) -> State:
    """End the silences whose time is over. Without a word, unless something still fires."""
    over = [one for _, one in sorted(state.silences.items()) if one.until <= now.wall]
    return _end(state, over, desk, out, now) if over else state


def _end(state: State, over: Iterable[Silence], desk: Desk, out: Out, now: Instant) -> State:
    left = state.silences
    for one in over:
        left = left.discard(one.key)
        out.keep("silence", one.key, None)
    desk.silences = tuple(left.values())
    for _, alert in sorted(desk.alerts.items()):
        if alert.level is None or alert.acknowledged or always_said(alert.key, alert.level) or desk.silent(alert):
            continue
        if alert.said is None:  # it stands without a word of its own: another alert speaks for it
            continue
        ends = [min(one.until, now.wall) for one in over if means(one.subject, state.who.account, alert.key)]
        said_since = alert.said is not None and ends and alert.said.wall >= max(ends)
        if ends and not (said_since and alert.told is not None):
            desk.owe(alert)
    return replace(state, silences=left)
