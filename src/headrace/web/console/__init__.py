"""The console: pages made on the server, in Chinese and English, that need no script."""
