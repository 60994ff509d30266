# Writes adm.safetensors: the images here as ADM's centre crop has them (guided-diffusion's center_crop_arr: halve by BOX
# while the shorter side is at least twice the size, resize by BICUBIC, crop the centre), by Pillow 9.4.0:
#
#     apt install python3-pil python3-numpy; cd weights-converter/src/test/resources/golden/preprocess; python3 make_adm.py
import json
import struct
from pathlib import Path

import numpy
from PIL import Image


def adm(image, size):
    while min(image.size) >= 2 * size:
        image = image.resize((image.width // 2, image.height // 2), Image.BOX)
    ratio = size / min(image.size)
    image = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.BICUBIC)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return numpy.asarray(image)[top:top + size, left:left + size]


header, data = {}, b""
for file in sorted(Path(".").glob("*.png")):
    image = Image.open(file).convert("RGB")
    for size in (16, 25, 32, 64):
        pixels = adm(image, size).tobytes()
        header[f"{file.name}@{size}"] = {"dtype": "U8", "shape": [size, size, 3],
                                         "data_offsets": [len(data), len(data) + len(pixels)]}
        data += pixels
text = json.dumps(header).encode()
Path("adm.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
