"""DualGeo: say where on Earth a photo was taken, and know how good that answer is."""

__version__ = "0.1.0"
