"""Ways to ask a large multimodal model about a photo, one a file."""
