"""``make chaos``: every single fault of docs/faults.md, done to the real product, and an oracle that compares."""
