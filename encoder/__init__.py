"""Turns a text into a vector of meaning: all-MiniLM-L6-v2 as an 8-bit ONNX graph, built on the machine it runs on.

`encoder.model` needs numpy, onnxruntime and tokenizers only, and runs in both environments; `encoder.build` makes the
files it reads and needs onnx and safetensors besides.
"""

from __future__ import annotations
