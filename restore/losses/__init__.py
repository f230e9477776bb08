"""Losses that torch.nn does not have. Every public name is exported here."""
