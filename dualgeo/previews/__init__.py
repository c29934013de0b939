"""One picture for each node of the graph: what its outputs hold, at a glance."""
