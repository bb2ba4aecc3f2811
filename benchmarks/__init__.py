"""The benchmarks: roomtone beside its peers, on loopback. Nothing of the package knows of them."""
