"""One number a patient, the change at the design's week: what a design with normal data would do."""
