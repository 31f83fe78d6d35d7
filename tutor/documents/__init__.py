"""A class's documents: uploaded, read in a jail, cut into passages, found again when the tutor is asked (D1–D8)."""
