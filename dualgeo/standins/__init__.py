"""The demo's stand-ins for CLIP and SegFormer: small models of the same transformers classes, and their training.

The shipped folders `clip` and `segformer` are loaded by `dualgeo.views` like any hub model;
`python -m dualgeo.standins` trains them again.
"""
