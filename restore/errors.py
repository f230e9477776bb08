"""Errors that the package raises on purpose: each says what, what it got, and what to do."""

from __future__ import annotations


class RestoreError(ValueError):
    """Base of every error that this package raises on purpose."""


class ShapeError(RestoreError):
    """A tensor has another shape than the module was built for."""


class ConfigError(RestoreError):
    """Options contradict each other, or one is out of range."""


class DataError(RestoreError):
    """A picture or a folder cannot be used; the message names the file."""


class CheckpointError(RestoreError):
    """A weights file cannot be opened, or does not fit the network."""
