"""A longitudinal design, all visits analysed: the posterior of its effect, and what the design would do."""
