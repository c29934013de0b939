"""What both views see of a photo: its centre square."""

from PIL import Image


def centre_square(image: Image.Image) -> Image.Image:
    """The largest centred square of an RGB image; where a side is left over by an odd pixel, left and top lose less."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))
