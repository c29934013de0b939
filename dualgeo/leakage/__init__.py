"""What gallery and queries share that makes a benchmark easier than the world: photographers, photos, places."""
