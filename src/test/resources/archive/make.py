# What Python's tarfile and zipfile, GNU tar and gzip write: /usr/bin/python3 make.py
import gzip
import io
import os
import subprocess
import tarfile
import tempfile
import zipfile
from PIL import Image

LONG = 'b/' + 'long' * 60 + '.png'


def picture(grey):
    out = io.BytesIO()
    Image.new('RGB', (3, 2), (grey, grey, grey)).save(out, 'PNG')
    return out.getvalue()


FILES = {'./a/one.png': picture(1), 'b/zwei ü 猫.png': picture(2), LONG: picture(3), 'a/empty': b'',
         'list.csv': b'path,classidx\na/one.png,0\nb/link.png,1\n'}


def member(name, kind, link=''):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tar(name, files, links=(), format=tarfile.PAX_FORMAT):
    with tarfile.open(name, 'w', format=format) as out:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mtime = len(data), 1700000000
            out.addfile(info, io.BytesIO(data))
        for link in links:
            out.addfile(link)
    os.truncate(name, os.path.getsize(name) // 512 * 512)


LINKS = [member('b/link.png', tarfile.SYMTYPE, '../a/one.png'), member('b/hard.png', tarfile.LNKTYPE, 'a/one.png'),
         member('b/nowhere', tarfile.SYMTYPE, '../../passwd'), member('b/away', tarfile.SYMTYPE, '/etc/passwd'),
         member('b/pipe', tarfile.FIFOTYPE), member('c', tarfile.DIRTYPE)]
tar('pax.tar', FILES, LINKS)
tar('gnu.tar', FILES, LINKS, tarfile.GNU_FORMAT)
with open('pax.tar', 'rb') as whole, gzip.GzipFile('pax.tar.gz', 'wb', mtime=0) as out:
    out.write(whole.read())
tar('up.tar', {'a/../../evil': b'x'})
tar('absolute.tar', {'/evil': b'x'})
tar('link-up.tar', {}, [member('a', tarfile.LNKTYPE, '../evil')])
tar('both.tar', {'a': b'x', 'a/b': b'y'})
tar('none.tar', {})
with tempfile.TemporaryDirectory() as folder:
    with open(folder + '/holes', 'wb') as holes:
        holes.truncate(1 << 20)
    subprocess.check_call(['tar', '--sparse', '-b1', '-C', folder, '-cf', 'sparse.tar', 'holes'])
with zipfile.ZipFile('pictures.zip', 'w', zipfile.ZIP_DEFLATED) as out:
    for path, data in FILES.items():
        out.writestr(path.replace('./', ''), data)
    out.writestr('b/link.png', FILES['./a/one.png'])
with zipfile.ZipFile('up.zip', 'w') as out:
    out.writestr('../evil', 'x')
with zipfile.ZipFile('absolute.zip', 'w') as out:
    out.writestr('/evil', 'x')
with zipfile.ZipFile('password.zip', 'w') as out:
    out.writestr('a', 'x')
data = bytearray(open('password.zip', 'rb').read())
data[6] |= 1                                # the bit of encrypted entries, in the entry's own header
data[data.index(b'PK\1\2') + 8] |= 1        # and in the directory
open('password.zip', 'wb').write(data)
