"""Whether the statistics keep what they promise: thousands of simulated evaluations of which the truth is known."""
