# CIFAR's Python version in small, as NumPy and Python 2 pickled it: /usr/bin/python3 make.py
# Python 2's protocol 2 has one kind of string for bytes and text, which Python 3 cannot write: a pickler that does.
import io
import pickle
import numpy as np


class Python2(pickle._Pickler):
    dispatch = dict(pickle._Pickler.dispatch)

    def string(self, value):
        value = value if isinstance(value, bytes) else value.encode('ascii')
        self.write(b'U' + bytes([len(value)]) if len(value) < 256 else b'T' + len(value).to_bytes(4, 'little'))
        self.write(value)
        self.memoize(value)

    dispatch[bytes] = string
    dispatch[str] = string


def pixels(n):      # of picture n, red, green, blue: as CifarDatasetTest.element has them
    c, y, x = np.mgrid[0:3, 0:32, 0:32]
    return (n * 101 + c * 67 + y * 7 + x).astype(np.uint8).reshape(-1)


def python2(value):
    file = io.BytesIO()
    Python2(file, 2).dump(value)
    return file.getvalue()


def write(name, data):
    read = pickle.loads(data, encoding='latin1')            # as torchvision reads it
    assert 'data' not in read or (read['data'] == rows[:len(read['data'])]).all()
    with open(name, 'wb') as file:
        file.write(data)


rows = np.stack([pixels(n) for n in range(3)])
write('test_batch', python2({'batch_label': 'testing batch 1 of 1', 'labels': [3, 9], 'data': rows[:2],
                             'filenames': ['a.png', 'b.png']}))
write('batches.meta', python2({'num_cases_per_batch': 10000, 'num_vis': 3072, 'label_names': [
    'airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']}))
# CIFAR-100's, by columns
write('test', python2({'fine_labels': [0, 19, 99], 'coarse_labels': [4, 4, 4], 'data': np.asfortranarray(rows)}))
write('meta', python2({'fine_label_names': ['class %d' % i for i in range(100)], 'coarse_label_names': []}))
# Pickled again by Python 3
write('test_batch-4', pickle.dumps({'labels': [3, 9], 'data': rows[:2]}, 4))
# What is no such batch
for name, value in (('floats', {'labels': [3], 'data': rows[:1].astype(np.float32)}), ('line', {'data': rows[0]}),
                    ('narrow', {'labels': [1], 'data': rows[:1, :3071]}), ('few', {'labels': [1], 'data': rows[:2]}),
                    ('label', {'labels': [3, 10], 'data': rows[:2]}), ('empty', {'labels': [], 'data': rows[:0]})):
    with open('wrong-' + name, 'wb') as file:
        file.write(python2(value))
