"""Marsad: from what was published about Morocco's digital development to a warehouse analysts can open."""

__version__ = "0.1.0"
