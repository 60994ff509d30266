"""Writes this folder's checkpoints with PyTorch's own torch.save: python3 make.py (they are from PyTorch 1.13).

Every tensor that is not named for what it is counts 0, 1, 2, ... in row-major order, whatever its strides.
"""
import argparse
import collections
import datetime
import pathlib
import random

import numpy
import torch
from torch import nn


def counting(*shape):
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(3, 2)).to(memory_format=torch.channels_last)
with torch.no_grad():
    for parameter in net.parameters():
        parameter.copy_(counting(*parameter.shape))
base = counting(4, 6)

tensors = net.state_dict()                          # an OrderedDict with the attribute _metadata
tensors["parameter"] = nn.Parameter(counting(5))
tensors["base"] = base                              # and three views of its storage
tensors["transposed"] = base.t()
tensors["column"] = base[:, 2]
tensors["rows"] = base[1:3]
tensors["expanded"] = counting(3).unsqueeze(0).expand(2, 3)
tensors["scalar"] = torch.tensor(7.0)
tensors["empty"] = torch.empty(0, 3)
for dtype in ("float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"):
    tensors[dtype] = counting(3).to(getattr(torch, dtype))

# What trainers write beside the weights.
other = nn.Linear(2, 2)
optimizer = torch.optim.Adam(other.parameters())
for parameter in other.parameters():
    parameter.grad = torch.ones_like(parameter)
optimizer.step()
training = {
    "epoch": 3, "global_step": 2**40, "big": 2**70, "pytorch-lightning_version": "1.4.2", "callbacks": {},
    "state_dict": tensors, "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [],
    "hparams": {"lr": 1e-4, "on": True, "none": None, "size": torch.Size([1, 2]), "dtype": torch.float16,
                "device": torch.device("cpu"), "names": {"a", "b"}, "raw": b"\xff\x00", "betas": (0.9, 0.99, 1, 2)}}

torch.save(tensors, "zip.pt")
torch.save(tensors, "legacy.pt", _use_new_zipfile_serialization=False)
torch.save(training, "lightning.ckpt", pickle_protocol=4)


class Config(dict):
    """A class that no reader has."""

    def __init__(self, rate):
        super().__init__(rate=rate)
        self.rate = rate


counts = collections.defaultdict(list)
counts["a"].append(1)
arguments = argparse.Namespace(data_path=pathlib.Path("/data"), lr=1e-4, epochs=3,
                               results=pathlib.PureWindowsPath("C:/x"))
torch.save({"model": {"w": counting(2)}, "ema": {"w": counting(3)}, "opt": optimizer.state_dict(), "args": arguments,
            "counts": counts, "config": Config(0.5), "started": datetime.datetime(2023, 1, 2, 3, 4, 5),
            "took": datetime.timedelta(seconds=5), "best": numpy.float64(0.25), "losses": numpy.arange(3.0),
            "random": random.getstate(), "numpy": numpy.random.get_state(), "torch": torch.get_rng_state(),
            "complex": torch.ones(2, dtype=torch.complex64),
            "quantised": torch.quantize_per_tensor(counting(4), 0.1, 0, torch.qint8)}, "training.pt")
