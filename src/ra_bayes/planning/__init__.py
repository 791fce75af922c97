"""Planning a trial: decision rules, designs, design priors, and what they would lead to."""
