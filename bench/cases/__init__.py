"""The benchmarks: one module each, with a name, what it is held to, and how it is measured."""
