"""The table of what a model said: refined/<cell>/lmm.parquet, one row for each photo and prompt."""

import pyarrow as pa

LMM_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("query_set", pa.string()),
        ("split", pa.string()),
        ("filtered", pa.bool_()),  # asked with the candidates of the filtered search
        ("prompt", pa.string()),  # name@version
        ("key", pa.string()),
        ("outcome", pa.string()),  # reply.Outcome, or "not asked"
        ("reason", pa.string()),
        ("lat", pa.float64()),  # degrees; null without a valid answer
        ("lon", pa.float64()),
        ("radius_km", pa.float64()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("city", pa.string()),
        ("evidence", pa.list_(pa.string())),
        ("used", pa.list_(pa.string())),  # photo ids of the candidates that the answer rests on
        ("similarity", pa.float64()),  # image-GPS cosine of our own model; null where not computed
        ("chosen", pa.bool_()),  # whether this coordinate became the prediction
        ("model", pa.string()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("usd", pa.float64()),
        ("latency_s", pa.float64()),
        ("attempts", pa.int64()),
        ("lost", pa.int64()),
    ]
)
