"""Whether the segmentation view earns its place: corruptions, ablations, and the verdict from their numbers."""
