#!/usr/bin/env python3
"""The rival that an analyst writes in half an hour: unpacks a tar archive, and the archives in it, hashes and
identifies what is in them, in one process.

    python_chain.py FILE...         prints a line "LABEL = SHA-256" for each file that is no archive
"""
import hashlib
import io
import os
import sys
import tarfile
import zipfile

import magic

identify = magic.Magic()


def members(label, data):
    if data.startswith(b"PK\3\4"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    yield label + ":" + member.filename, archive.read(member)
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if member.isreg():
                    yield label + ":" + member.name, archive.extractfile(member).read()


def look_at(label, data):
    kind = identify.from_buffer(data)
    if kind.startswith(("gzip compressed", "Zip archive", "POSIX tar", "XZ compressed", "bzip2 compressed")):
        for name, member in members(label, data):
            look_at(name, member)
    else:
        print(label, "=", hashlib.sha256(data).hexdigest())


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        look_at(os.path.basename(path), file.read())
