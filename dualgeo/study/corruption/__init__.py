"""Graded corruptions of query photos, and both frozen views of the copies."""
