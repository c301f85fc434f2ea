"""Whether live trials keep what they promise: thousands of simulated trials of which the truth is known."""
