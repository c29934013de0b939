"""What trained systems answer when photos are corrupted, and when something about the method is varied."""
