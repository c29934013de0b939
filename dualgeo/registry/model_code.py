"""What MLflow runs to load a version (its "models from code"): nothing is pickled."""

from mlflow.models import set_model

from dualgeo.registry.photo_locator import PhotoLocator

set_model(PhotoLocator())
