"""What models really say, read without guessing: objects, degrees, distances, text."""
