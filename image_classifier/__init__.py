"""Tells whether a posted image is a price chart or a meme: training, artifact, API."""
