"""The two frozen views of a photo, image features and class-id masks, and the caches that hold them."""
