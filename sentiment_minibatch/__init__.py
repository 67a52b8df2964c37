"""How the community feels about each ticker, every minute."""
