"""The version. Knows nothing."""

__version__ = "0.1.0"
