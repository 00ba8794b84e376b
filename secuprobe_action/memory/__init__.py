"""What one run remembers for the next: what was seen, what is accepted, how long it took. Signed, and kept by a forge."""
