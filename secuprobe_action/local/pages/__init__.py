"""The embedded SecuProbe's pages for people: server-rendered, usable without script, and nothing loaded from elsewhere."""
