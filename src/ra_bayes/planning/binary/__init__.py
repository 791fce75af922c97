"""Trials that count responders: exact, by counting paths instead of simulating them."""
