"""Writes the pictures of PillowTest beside this script, and NAME.rgb, the pixels that Pillow has for each.

Run with Pillow 9.4 and numpy 1.24. NAME.rgb is width and height as little-endian integers of 32 bits, then the bytes of
Image.open(NAME).convert("RGB"). Lossy pictures and what Pillow cannot write come out by the byte under these versions.
"""
import io
import struct

import numpy as np
from PIL import Image


def record(name, image):
    with open(name + ".rgb", "wb") as file:
        file.write(struct.pack("<II", *image.size) + image.tobytes())


def expect(name, content=None):
    if content is not None:
        with open(name, "wb") as file:
            file.write(content)
    record(name, Image.open(name).convert("RGB"))


def save(image, name, **options):
    image.save(name, **options)
    expect(name)


y, x = np.mgrid[0:9, 0:13]
colours = np.stack([x * 20, y * 30, 255 - 12 * x - 10 * y], -1).astype(np.uint8)
levels = (x * 15 + y * 7).astype(np.uint8)
alpha = (x * 17 + y * 23).astype(np.uint8)
alpha[:, :3] = 0
alpha[:, 10:] = 255
rgb = Image.fromarray(colours)
rgba = Image.fromarray(np.dstack([colours, alpha]))
grey = Image.fromarray(levels)
grey_alpha = Image.merge("LA", [grey, Image.fromarray(alpha)])
palette = rgb.quantize(64)

# Transparency, whose colours stay.
save(rgba, "rgba.png")
save(grey_alpha, "grey-alpha.png")
save(rgb, "rgb-key.png", transparency=(20, 30, 233))
save(grey, "grey-key.png", transparency=22)
save(palette, "palette-alpha.png", transparency=bytes(range(0, 256, 4)))
save(palette, "palette-key.png", transparency=3)
save(palette, "key.gif", transparency=5)
save(rgba, "rgba.webp", lossless=True, exact=True)
save(rgba, "rgba-lossy.webp", quality=60)
save(rgba, "rgba.tiff")
save(grey_alpha, "grey-alpha.tiff", compression="tiff_lzw")

orange = Image.new("RGB", rgba.size, (255, 128, 3))
orange.paste(rgba, mask=rgba.getchannel("A"))
record("rgba.png.on-ff8003", orange)


def tiff(samples, extra):
    """One strip of RGB with an alpha of that kind (TIFF 6.0, section 18), which Pillow does not write."""
    height, width, count = samples.shape
    bits = 8 + 2 + 12 * 10 + 4
    entries = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, 2), (273, 4, bits + 8),
               (277, 3, count), (278, 4, height), (279, 4, samples.size), (338, 3, extra)]
    directory = b"".join(struct.pack("<HHII", tag, kind, 4 if tag == 258 else 1, value) for tag, kind, value in entries)
    return (b"II*\0" + struct.pack("<IH", 8, 10) + directory + bytes(4) + struct.pack("<4H", 8, 8, 8, 8)
            + samples.tobytes())


expect("associated.tiff", tiff(np.dstack([colours.astype(int) * alpha[..., None] // 255, alpha]).astype(np.uint8), 1))
expect("associated-beyond-alpha.tiff", tiff(np.dstack([colours, alpha]), 1))
expect("unspecified.tiff", tiff(np.dstack([colours, alpha]), 0))

# First frames that do not fill the screen.
GLOBAL = bytes([10, 20, 30, 200, 100, 50, 0, 255, 0, 255, 0, 255])
LOCAL = bytes([255, 255, 0, 1, 2, 3, 90, 91, 92, 70, 0, 7])


def gif(screen, frame, key=None, local=None, interlaced=False):
    """Four colours, an LZW of two-bit literals with a clear code before each pair (GIF89a, appendix F)."""
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, 0xF1, 2, 0) + GLOBAL
    if key is not None:
        out += b"!\xf9\x04" + bytes([1, 0, 0, key, 0])
    out += b"!\xfe\x05hello\0"
    flags = (0x81 if local else 0) | (0x40 if interlaced else 0)
    out += b"," + struct.pack("<HHHHB", *frame, flags) + (local or b"")
    bits, length, data = 0, 0, bytearray([2])
    pixels = [(i * 7 + i // 3) % 4 for i in range(frame[2] * frame[3])]
    for code in sum(([4] * (i % 2 == 0) + [pixel] for i, pixel in enumerate(pixels)), []) + [5]:
        bits |= code << length
        length += 3
    block = bits.to_bytes((length + 7) // 8, "little")
    return out + bytes([2, len(block)]) + block + b"\0;"


expect("offset.gif", gif((10, 8), (3, 2, 4, 5)))
expect("offset-key.gif", gif((10, 8), (3, 2, 4, 5), key=1))
expect("offset-local.gif", gif((10, 8), (3, 2, 4, 5), local=LOCAL))
expect("offset-key-local-interlaced.gif", gif((10, 8), (3, 2, 4, 6), key=3, local=LOCAL, interlaced=True))
expect("beyond-screen.gif", gif((10, 8), (8, 6, 5, 5), key=1))
expect("no-screen.gif", gif((0, 0), (0, 0, 4, 5)))
expect("key-beyond-palette.gif", gif((10, 8), (3, 2, 4, 5), key=200))
expect("full-interlaced.gif", gif((10, 8), (0, 0, 10, 8), interlaced=True))


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) & 1)


def int24(value):
    return struct.pack("<I", value)[:3]


def animation(image, left, top, width, height, **options):
    """Two frames on a canvas (RFC 9649), which Pillow always writes as large as the canvas."""
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    still = file.getvalue()[12:]
    still = still[18:] if still[:4] == b"VP8X" else still
    place = int24(left // 2) + int24(top // 2) + int24(image.width - 1) + int24(image.height - 1)
    frame = chunk(b"ANMF", place + int24(100) + b"\0" + still)
    header = chunk(b"VP8X", bytes([0x12, 0, 0, 0]) + int24(width - 1) + int24(height - 1))
    chunks = header + chunk(b"ANIM", struct.pack("<IH", 0xFF112233, 0)) + frame + frame
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


# WebP: chroma, animations.
v, u = np.mgrid[0:37, 0:53]
wave = np.stack([127 + 120 * np.sin(u / 7 + v / 11), 127 + 120 * np.sin(u / 3 - v / 9),
                 127 + 120 * np.cos(u * v / 221)], -1).astype(np.uint8)
save(Image.fromarray(wave), "chroma.webp", quality=50)
expect("animation.webp", animation(rgb, 4, 6, 20, 16, quality=50))
expect("animation-alpha.webp", animation(rgba, 4, 6, 20, 16, quality=50))
expect("animation-lossless.webp", animation(rgba, 4, 6, 20, 16, lossless=True, exact=True))

# Netpbm's.
save(rgb, "binary.ppm")
save(grey, "binary.pgm")
save(grey.convert("1"), "binary.pbm")
expect("text.pgm", b"P2 3 2 15 0 1 2 13 14 15")
expect("text.pbm", b"P1\n# comment\n3 2\n1 0 1\n0 1 1\n")
expect("text.ppm", b"P3\n3 1\n255\n0 50 100 1 2 3 253 254 255\n")
expect("sixteen-bit.ppm", b"P6 2 1 65535\n" + np.array([0, 256, 1000, 32768, 40000, 65535], ">u2").tobytes())

# Files of several pictures, and one with more behind its end.
save(rgb, "several.mpo", format="MPO", save_all=True, append_images=[rgb.rotate(90)])
save(rgb, "animation.png", save_all=True, append_images=[rgb.rotate(180)])
save(rgb, "pages.tiff", save_all=True, append_images=[grey])
rgb.save("garbage.jpg", quality=90)
expect("garbage.jpg", open("garbage.jpg", "rb").read() + b"\xff\0garbage" * 9)

# Half the size, of odd sides.
save(Image.fromarray(wave[:9, :13]), "halved.png")
record("halved.png.half", Image.open("halved.png").reduce(2))
