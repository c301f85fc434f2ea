"""Stores: where experiments, runs, models and versions are kept."""
