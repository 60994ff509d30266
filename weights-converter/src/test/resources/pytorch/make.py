"""Writes this folder's checkpoints with PyTorch's own torch.save: python3 make.py (they are from PyTorch 1.13).

Every tensor that is not named for what it is counts 0, 1, 2, ... in row-major order, whatever its strides.
"""
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
