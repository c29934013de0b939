"""The typed form of params.yaml."""

from dualgeo.params.base import Section as Section
from dualgeo.params.lmm import LmmParams as LmmParams
from dualgeo.params.lmm import SendingParams as SendingParams
from dualgeo.params.load import load_params as load_params
from dualgeo.params.sections import AtlasParams as AtlasParams
from dualgeo.params.sections import Condition as Condition
from dualgeo.params.sections import CorruptionName as CorruptionName
from dualgeo.params.sections import DatasetName as DatasetName
from dualgeo.params.sections import ImageViewParams as ImageViewParams
from dualgeo.params.sections import IndexParams as IndexParams
from dualgeo.params.sections import LeakageParams as LeakageParams
from dualgeo.params.sections import LocationParams as LocationParams
from dualgeo.params.sections import ModelParams as ModelParams
from dualgeo.params.sections import Params as Params
from dualgeo.params.sections import Precision as Precision
from dualgeo.params.sections import RefineParams as RefineParams
from dualgeo.params.sections import ReportParams as ReportParams
from dualgeo.params.sections import RetrieveParams as RetrieveParams
from dualgeo.params.sections import ScoreParams as ScoreParams
from dualgeo.params.sections import SegmentationViewParams as SegmentationViewParams
from dualgeo.params.sections import StudyParams as StudyParams
from dualgeo.params.sections import SystemsParams as SystemsParams
from dualgeo.params.sections import TrainParams as TrainParams
from dualgeo.params.sections import ValidateParams as ValidateParams
from dualgeo.params.sections import Variant as Variant
from dualgeo.params.sections import ViewsParams as ViewsParams
