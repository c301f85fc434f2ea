"""Plain typed data and pure functions: no input or output happens in this layer."""
