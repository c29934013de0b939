"""The packages that a served system needs, at the versions that are installed here."""

from importlib.metadata import PackageNotFoundError, version

NEEDED = (
    "mlflow",
    "torch",
    "transformers",
    "safetensors",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "pyproj",
    "shapely",
    "pillow",
    "pillow-heif",
    "reverse-geocode",
    "pydantic",
    "pyyaml",
    "rich",
)


def requirements() -> list[str]:
    """Lines for pip; MLflow need not import the model to find them out."""
    return [f"{name}=={version(name)}" for name in (*NEEDED, _faiss())]


def _faiss() -> str:
    """FAISS as it is installed: for the processor or for CUDA."""
    for name in ("faiss-gpu", "faiss-cpu"):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    return "faiss-cpu"
