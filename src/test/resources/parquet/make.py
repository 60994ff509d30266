"""What pyarrow writes of three examples in the columns and with the note of the hub's facebook/winoground.

Run in this folder; needs pyarrow. Pictures are 3x2 PNGs of one grey level, 10, 11, ... in the order of the file.
"""
import json
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq


def png(level):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + bytes([level] * 9)) * 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def table(rows):
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("id", pa.int32()), ("image_0", image), ("image_1", image), ("caption_0", pa.string()),
                        ("caption_1", pa.string()), ("tag", pa.string()), ("secondary_tag", pa.string()),
                        ("num_main_preds", pa.int32()), ("collapsed_tag", pa.string())])
    value = {"_type": "Value"}
    features = {name: dict(value, dtype="string" if field == pa.string() else "int32")
                for name, field in zip(schema.names, schema.types)}
    features["image_0"] = features["image_1"] = {"_type": "Image"}
    note = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.Table.from_pylist(rows, schema=schema.with_metadata(note))


def example(i, captions, collapsed):
    return {"id": i, "image_0": {"bytes": png(10 + 2 * i), "path": "../ex_%d_img_0.png" % i},
            "image_1": {"bytes": png(11 + 2 * i), "path": None}, "caption_0": captions[0], "caption_1": captions[1],
            "tag": "Noun", "secondary_tag": "", "num_main_preds": 1, "collapsed_tag": collapsed}


EXAMPLES = [example(0, ("a cup on a book", "a book on a cup"), "Object"),
            example(1, ("a \u201cred\u201d dog", "a dog, \"red\""), "Relation"),
            example(2, ("tall and thin", "thin and tall"), "Both")]

pq.write_table(table(EXAMPLES), "hub/winoground/data/test-00000-of-00001.parquet", row_group_size=2)
pq.write_table(table([dict(EXAMPLES[0], image_1={"bytes": None, "path": "elsewhere.png"})]), "pair-path.parquet")
pq.write_table(table(EXAMPLES).drop_columns(["caption_1"]), "pair-caption.parquet")
pq.write_table(table(EXAMPLES).drop_columns(["image_0"]), "pair-image.parquet")
