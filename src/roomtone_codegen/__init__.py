"""The generator of roomtone's service packages: facts, readers, emitters, curation, lock. For development only."""
