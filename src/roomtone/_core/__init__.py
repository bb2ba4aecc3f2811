"""The pure middle: names, shapes, operations, encode, decode, faults, retry. Does no I/O and knows no httpx."""
