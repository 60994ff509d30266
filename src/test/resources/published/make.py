# Miniatures of published files, as SciPy and NumPy write them: /usr/bin/python3 make.py
import numpy as np
import scipy.io

scipy.io.savemat('imagelabels.mat', {'labels': np.uint8([[2, 1, 102, 2]])}, do_compression=True)
scipy.io.savemat('setid.mat', {'trnid': np.uint16([[1]]), 'valid': np.uint16([[3]]), 'tstid': np.uint16([[4, 2]])},
                 do_compression=True)

# Flowers' labels of a class that there is not, and a split of a picture that there is not
scipy.io.savemat('imagelabels-103.mat', {'labels': np.uint8([[2, 1, 103, 2]])})
scipy.io.savemat('setid-5.mat', {'trnid': np.uint16([[5]])})

fields = ('ILSVRC2012_ID', 'WNID', 'words', 'gloss', 'num_children', 'children', 'wordnet_height', 'num_train_images')
synsets = np.zeros((4, 1), [(name, 'O') for name in fields])
for i, (wnid, children) in enumerate((('n02119789', []), ('n01440764', []), ('n03255030', []), ('n00001740', [1, 2, 3]))):
    synsets[i, 0] = (float(i + 1), wnid, 'words', 'gloss', float(len(children)), np.uint16([children]), 1.0, 1300.0)
scipy.io.savemat('meta.mat', {'synsets': synsets}, do_compression=True)

# Two pictures [96, 96, 3] whose red is the column, green the row, and blue 100 + the picture's number
y, x = np.mgrid[0:96, 0:96]
pictures = np.stack([np.stack([x, y, np.full_like(x, 100 + n)], -1) for n in range(2)]).astype(np.uint8)
pictures.transpose(0, 3, 2, 1).tofile('test_X.bin')
np.uint8([10, 1]).tofile('test_y.bin')
