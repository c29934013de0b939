"""The sections of params.yaml, typed: every value is checked, every unknown key refused."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dualgeo.params.base import Positive, PositiveFloat, Section, Share
from dualgeo.params.lmm import LmmParams

Variant = Literal["image", "segmentation", "dual-no-attention", "dual"]
Condition = Literal["daylight", "night", "fog", "rain", "snow", "autumn"]
CorruptionName = Literal["low-light", "fog", "rain", "snow", "defocus", "motion", "jpeg", "colour-cast"]
Precision = Literal["fp32", "bf16", "fp16"]
DatasetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class AtlasParams(Section):
    """How large the embedded world is and what it looks like."""

    seed: Annotated[int, Field(ge=0)]
    image_size: Annotated[int, Field(ge=32, le=512)]
    cities: Annotated[int, Field(ge=2, le=2000)]
    unseen_cities: Annotated[int, Field(ge=1, le=1000)]
    gallery_photos: Positive
    validation_photos: Positive
    queries_per_set: Positive
    conditions: list[Condition] = Field(min_length=1)
    gallery_dark_share: Share
    """Share of gallery photos that are not daylight, as a real photo collection has."""
    photos_per_shard: Positive = 500


class ValidateParams(Section):
    """What the raw data must satisfy before anything is computed from it."""

    min_separation_m: Annotated[float, Field(ge=0)]
    """No query or validation photo may lie closer than this to a gallery photo."""
    max_unreadable_share: Share
    require_licence: bool
    """False: a photo without a licence is a warning, as for the next one."""
    require_photographer_disjoint: bool


class ImageViewParams(Section):
    """The frozen image encoder (a transformers vision model) and the grid its patch tokens are pooled to."""

    model: str
    revision: str | None = None
    grid: Positive
    batch: Positive


class SegmentationViewParams(Section):
    """The frozen semantic segmenter (a transformers model with ADE20K-150 labels)."""

    model: str
    revision: str | None = None
    batch: Positive


class ViewsParams(Section):
    """Both frozen views of a photo."""

    device: str = "auto"
    precision: Precision = "fp32"
    image: ImageViewParams
    segmentation: SegmentationViewParams


class LocationParams(Section):
    """The GPS encoder: random Fourier features, one MLP for each sigma, summed."""

    coordinates: Literal["sphere", "mercator", "equal-earth"]
    sigmas: list[PositiveFloat] = Field(min_length=1)
    features: Positive
    hidden: Positive
    pretrained: Literal["none", "geoclip"] = "none"


class ModelParams(Section):
    """Dual-view fusion and alignment space."""

    width: Positive
    heads: Positive
    layers: Positive
    segmentation_grid: Positive
    embedding: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    location: LocationParams

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "ModelParams":
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        return self


class SystemsParams(Section):
    """Which systems are trained and compared: every variant with every seed is one cell of the graph."""

    variants: list[Variant] = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_twice(self) -> "SystemsParams":
        for name, values in (("variants", self.variants), ("seeds", self.seeds)):
            if len(set(values)) != len(values):
                raise ValueError(f"{name} names a value twice")
        return self


class TrainParams(Section):
    """Contrastive training of the fusion and the location encoder on the gallery."""

    epochs: Positive
    batch: Annotated[int, Field(ge=2)]
    neighbours: Positive
    """Photos of one neighbourhood that are drawn into a batch together (1 = plain shuffling, as published)."""
    learning_rate: PositiveFloat
    weight_decay: Annotated[float, Field(ge=0)]
    schedule: Literal["cosine", "step"]
    step_epochs: Positive = 2
    step_gamma: Annotated[float, Field(gt=0, le=1)] = 0.87
    image_weight: Annotated[float, Field(ge=0)]
    segmentation_weight: Annotated[float, Field(ge=0)]
    place_weight: Annotated[float, Field(ge=0)]
    """Weight of the photo-photo term: photos of one neighbourhood attract each other (0 = as published)."""
    same_place_km: Annotated[float, Field(ge=0)]
    """Photos closer than this in a batch are not negatives of each other (0 = as published)."""
    positive_km: Annotated[float, Field(ge=0)]
    """Photos closer than this are positives of the photo-photo term."""
    precision: Precision
    device: str = "auto"
    checkpoint_every: Positive = 1


class IndexParams(Section):
    """What a gallery row is made of and how it is searched."""

    parts: list[Literal["fused", "image"]] = Field(min_length=1)
    """Unit vectors that are concatenated: the fused embedding and the raw image embedding."""
    weights: list[PositiveFloat] = Field(min_length=1)
    kind: Literal["flat", "ivf"]
    quantiser: Literal["none", "fp16", "sq8"] = "none"
    lists: Positive = 1024
    probes: Positive = 16

    @model_validator(mode="after")
    def _a_weight_each(self) -> "IndexParams":
        if len(self.parts) != len(self.weights) or len(set(self.parts)) != len(self.parts):
            raise ValueError("parts must be different and weights must give one number for each of them")
        return self


class RetrieveParams(Section):
    """How many gallery photos are taken as candidates for a query."""

    top_k: Positive


class RefineParams(Section):
    """The second stage: geographic clustering of the candidates, then a refiner."""

    rerank: Literal["none", "cluster"]
    eps_km: PositiveFloat
    min_samples: Positive
    centre: Literal["sphere", "degrees"]
    """How a cluster's centre is taken; "degrees" is the published arithmetic mean."""
    choose: Literal["similarity", "size"]
    """Which cluster wins: the largest summed similarity, or the most members (published)."""
    refiner: Literal["none", "consensus"]
    radius_coverage: list[Annotated[float, Field(gt=0, lt=1)]] = Field(min_length=2, max_length=2)

    @model_validator(mode="after")
    def _two_coverages(self) -> "RefineParams":
        if self.radius_coverage[0] >= self.radius_coverage[1]:
            raise ValueError(f"radius_coverage {self.radius_coverage} must name the smaller coverage first")
        return self


class ScoreParams(Section):
    """Accuracy thresholds, intervals."""

    thresholds_km: list[PositiveFloat] = Field(min_length=1)
    confidence: Annotated[float, Field(gt=0, lt=1)]
    resamples: Positive
    seed: Annotated[int, Field(ge=0)]


class ReportParams(Section):
    """What the report shows."""

    examples: Positive
    accuracy_is_meaningful: bool
    """False where the encoders were not made for these photos; the report then says so."""


class LeakageParams(Section):
    """What counts as the same in gallery and queries, and what the filtered search leaves out."""

    phash_bits: Annotated[int, Field(ge=0, le=32)]
    """Perceptual hashes of 64 bits that differ in at most so many are of the same picture."""
    cosine: Annotated[float, Field(gt=0, le=1)]
    """Least cosine of two image embeddings of near-duplicates."""
    metres: PositiveFloat
    minutes: PositiveFloat
    """Photos of one place within this time are of one moment."""
    photographer_metres: PositiveFloat
    """Photos of one photographer within this distance are counted apart."""
    pairs_per_query: Positive
    filter: list[Literal["photographer", "identical", "perceptual", "embedding"]] = Field(min_length=1)
    """Gallery rows that the filtered search leaves out: the query photographer's, and near-duplicates of the query."""

    @model_validator(mode="after")
    def _no_twice(self) -> "LeakageParams":
        if len(set(self.filter)) != len(self.filter):
            raise ValueError("filter names a value twice")
        return self


class StudyParams(Section):
    """The robustness study: which queries are corrupted how, and what the ablation table varies."""

    query_sets: list[str]
    """Query sets whose photos are corrupted; empty: all of the dataset."""
    photos_per_set: Positive
    """At most this many photos of each set are corrupted."""
    corruptions: list[CorruptionName] = Field(min_length=1)
    severities: list[Annotated[int, Field(ge=1, le=5)]] = Field(min_length=1)
    seed: Annotated[int, Field(ge=0)]
    ablations: list[Variant] = Field(min_length=1)
    """Variants that the ablation table shows; one that `systems` does not train is trained for it alone."""
    top_k: list[Positive] = Field(min_length=1)
    eps_km: list[PositiveFloat] = Field(min_length=1)
    """Cluster radii to choose from, on validation photos only."""
    simulated_km: list[PositiveFloat] = Field(min_length=1)
    """Simulated models, of no real one: they know every photo's place with Gaussian errors of these sizes."""
    simulated_share: Annotated[float, Field(gt=0, le=1)]
    """One more knows this share of the photos, to the last of simulated_km, and guesses the others; 1: none such."""

    @model_validator(mode="after")
    def _no_twice(self) -> "StudyParams":
        for name in ("query_sets", "corruptions", "severities", "ablations", "top_k", "eps_km", "simulated_km"):
            values: list[object] = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name} names a value twice")
        return self


class Params(Section):
    """The whole of params.yaml."""

    dataset: DatasetName
    atlas: AtlasParams
    validate_: ValidateParams = Field(alias="validate")
    views: ViewsParams
    model: ModelParams
    systems: SystemsParams
    train: TrainParams
    index: IndexParams
    retrieve: RetrieveParams
    refine: RefineParams
    lmm: LmmParams
    score: ScoreParams
    leakage: LeakageParams
    report: ReportParams
    study: StudyParams

    @model_validator(mode="after")
    def _cells_that_exist(self) -> "Params":
        cells = [f"{variant}-{seed}" for variant in self.systems.variants for seed in self.systems.seeds]
        strangers = [name for name in self.lmm.cells if name not in cells]
        if self.lmm.provider != "none" and strangers:
            raise ValueError(f"lmm.cells names {strangers[0]}, which `systems` does not train")
        return self
