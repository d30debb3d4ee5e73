"""Telegram, by python-telegram-bot."""

from watchdog.channels.telegram.channel import TelegramChannel

__all__ = ["TelegramChannel"]
