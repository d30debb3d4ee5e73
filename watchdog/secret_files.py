"""Secrets come from files: found, checked, read. No message repeats what is in one."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from pydantic import SecretStr

from watchdog.tomlfile import WrongValueError, quoted

_MOST = 4096
"""Bytes: no key is longer."""
_LIKE_A_KEY = re.compile(r"(\d+:)?[A-Za-z0-9+/=_-]{32,}")
"""A venue's key, or a Telegram bot's token."""


def read_secret(written: str, folder: Path, credentials: str | None, *, password: bool = False) -> SecretStr:
    """The one line of a secret's file.

    Args:
        written: The file's name as the settings have it.
        folder: What a relative name is relative to.
        credentials: systemd's $CREDENTIALS_DIRECTORY, looked into first; None or empty: there is none.
        password: A person chose it: blanks within it and letters of any language are its own.

    Raises:
        WrongValueError: naming the file and what is wrong with it.
    """
    path = folder / written
    granted = bool(credentials) and not Path(written).is_absolute() and _exists(Path(credentials or "") / written)
    if granted:
        path = Path(credentials or "") / written
    elif _LIKE_A_KEY.fullmatch(written) and not _exists(path):
        raise WrongValueError("this looks like the key itself: put it in a file (chmod 600) and write the file's name")
    shown = quoted(str(path), longest=_MOST)
    try:
        if not path.is_file():
            raise WrongValueError(f"the file {shown} {'is no plain file' if path.exists() else 'does not exist'}")
        mode = path.stat().st_mode
        data = b"" if _open_to_others(mode, granted=granted) else _read(path)
    except OSError as error:
        raise WrongValueError(f"the file {shown} cannot be read: {error.strerror or 'no reason given'}") from None
    if _open_to_others(mode, granted=granted):
        raise WrongValueError(f"the file {shown} may be read by others (mode {stat.S_IMODE(mode):04o}): chmod 600 it")
    return SecretStr(_one_line(data, shown, password=password))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def _open_to_others(mode: int, *, granted: bool) -> bool:
    """Whether group or others may touch the file.

    For systemd's credentials the group bits are the mask of the access list that lets the service's user in.
    """
    return bool(mode & (stat.S_IRWXO if granted else stat.S_IRWXG | stat.S_IRWXO))


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_MOST + 1)


def _one_line(data: bytes, shown: str, *, password: bool) -> str:
    kind = "password" if password else "key"
    if len(data) > _MOST:
        raise WrongValueError(f"the file {shown} is larger than {_MOST} bytes: no {kind} is")
    try:
        text = data.decode("utf-8" if password else "ascii").strip()
    except UnicodeDecodeError:
        raise WrongValueError(f"the file {shown} holds characters no {kind} has") from None
    if not text:
        raise WrongValueError(f"the file {shown} is empty")
    if "\n" in text or "\r" in text:
        raise WrongValueError(f"the file {shown} holds more than one line")
    if not text.isprintable() or (" " in text and not password):
        raise WrongValueError(f"the file {shown} holds characters no {kind} has")
    return text
