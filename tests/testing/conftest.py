"""The plugin's fixtures, whether its entry point is installed or not."""

from roomtone.testing.plugin import roomtone_client, roomtone_mock

__all__ = ["roomtone_client", "roomtone_mock"]
