"""What a scan found and what follows from it. No I/O, no HTTP, no environment."""
