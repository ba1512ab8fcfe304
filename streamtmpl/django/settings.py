"""The settings about deferred regions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from streamtmpl.responses.policy import RegionPolicy


def policy() -> RegionPolicy:
    """What the settings say of deferred regions.

    :raises ImproperlyConfigured: a setting is of the wrong kind, or its dotted path leads nowhere.
    """
    made = RegionPolicy(
        _setting("STREAMTMPL_DEFERRED", "auto"),
        _setting("STREAMTMPL_NONCE", None),
        _setting("STREAMTMPL_EXECUTOR", None),
    )
    try:
        made.check()
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(str(error)) from None
    return made


def _setting(name: str, default: Any) -> Any:
    """The value of a setting, or what the dotted path in it leads to."""
    value = getattr(settings, name, default)
    if isinstance(value, str) and "." in value:
        try:
            return import_string(value)
        except ImportError as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error
    return value
