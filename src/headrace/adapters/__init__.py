"""The ring: files, databases and keys; the only code that touches the world."""
