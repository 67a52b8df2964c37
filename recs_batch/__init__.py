"""Whom to follow and which rooms to join, every night, from the social graph."""
