"""Replays compared: with a stored baseline, and with another commit on the same machine."""
