"""How far a fit can be believed: what the prior, one patient, unseen visits or placebo would change."""
