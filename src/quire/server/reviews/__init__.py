"""Review queues as the calls of a server give them: opened once, filled from evaluations and traces, answered."""
