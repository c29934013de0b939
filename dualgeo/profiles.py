"""Compose params.yaml from the Hydra profiles of conf/, as `dvc exp run -S` does."""

from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.params import load_params
from dualgeo.progress import say
from dualgeo.workspace import Workspace


def compose(folder: Path, name: str, overrides: list[str]) -> str:
    """The YAML text of profile `name` with `overrides` (Hydra syntax, `train.epochs=3`) applied.

    Raises DualGeoError when the profile or an override does not exist or cannot be read.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    known = sorted(path.stem for path in (folder / "profile").glob("*.yaml"))
    if name not in known:
        raise DualGeoError(f"There is no profile '{name}' in {folder / 'profile'}; choose one of {', '.join(known)}.")
    try:
        with initialize_config_dir(str(folder)):
            config = hydra_compose("config", [f"profile={name}", *overrides])
        return OmegaConf.to_yaml(config)
    except (HydraException, OmegaConfBaseException) as error:
        raise DualGeoError(f"Profile {name} cannot be composed: {' '.join(str(error).split())}") from None


def apply_profile(workspace: Workspace, name: str, overrides: list[str]) -> None:
    """Write params.yaml of profile `name`; the old file stays when the new one would not be valid."""
    text = compose(workspace.root / "conf", name, overrides)
    with written_whole(workspace.params) as temporary:
        temporary.write_text(text, encoding="utf-8")
        load_params(temporary)
    say(f"params.yaml now holds profile {name}; run `dvc repro`.")
