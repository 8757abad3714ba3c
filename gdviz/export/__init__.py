"""Histories, pictures and films as files."""
