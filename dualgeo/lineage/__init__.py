"""From a figure back to the bytes, code and params that made it, and from a recorded run back to its figures."""
