"""Trying prompts by hand: a variant is asked once and its answer streams; good ones become versions and evaluations.

Nothing here speaks HTTP. What is heavy (the OpenAI client, evaluation) is imported when it is first used.
"""
