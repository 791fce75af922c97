"""Sheets as clinics and databases write them: recognised by content, and read by what their columns mean."""
