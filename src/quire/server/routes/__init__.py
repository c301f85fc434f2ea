"""The calls that a server takes, one module for each resource."""
