"""I/O: endpoints, credentials, signing, exchange, the attempt loop. Knows _core, config and errors."""
