"""Scripts that run in the process that is measured. They import the standard library and what they measure."""
