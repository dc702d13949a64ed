#!/usr/bin/env python3
"""Writes the seeds of the corpus: small packages, good ones and one for each way to be wrong."""

import io
import pathlib
import struct
import warnings
import zipfile

FOLDER = pathlib.Path(__file__).parent / "corpus" / "package"
POM = "META-INF/maven/org.example/thing/pom.properties"
SPEC = b'{"java":"17","tomcat":"9.0.70"}'


def packed(entries, method=zipfile.ZIP_DEFLATED):
    """A zip of names and contents, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def patched(data, signature, at, value):
    """With other bytes at a place of the first header of a kind."""
    start = data.index(signature) + at
    return data[:start] + value + data[start + len(value):]


def package(method, war=None, spec=SPEC, more=()):
    jar = packed([("META-INF/MANIFEST.MF", b"Bundle-SymbolicName: a\n"),
                  (POM, b"groupId=org.example\nartifactId=thing\nversion=1\n")], method)
    war = war or packed([("WEB-INF/lib/thing-1.jar", jar), ("index.html", b"x" * 99)], method)
    entries = [("webapps/ext-cm-webapp-8.5.0.war", war),
               ("webapps/apache-tomcat-9.0.70.zip", packed([("apache-tomcat-9.0.70/a", b"a")])),
               ("database/ext-data-8.5.0.jar", jar),
               ("tools/ext-sync-cli-8.5.0-bin.zip", packed([])),
               ("ops-spec.json", spec)]
    return packed([*entries, *more], method)


def link():
    info = zipfile.ZipInfo("way")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def seeds():
    directory, stored = b"PK\x01\x02", zipfile.ZIP_STORED
    good = package(stored)
    yield "stored", good
    yield "deflated", package(zipfile.ZIP_DEFLATED)
    yield "mixed", package(stored, packed([("a", b"a" * 99)]))
    yield "jar", packed([(POM, b"groupId=g\nartifactId=a\nversion=1\n")])
    yield "fat-jar", packed([(POM, b"groupId=g\nartifactId=a\nversion=1\n"),
                             (POM.replace("thing", "b"), b"groupId=g\nartifactId=b\nversion=\\u0031\n")])
    yield "empty", packed([])
    yield "truncated", good[:-9]
    yield "slip", package(stored, more=[("../evil", b"")])
    yield "twice", package(stored, more=[("plugins/a", b""), ("plugins/a", b"")])
    yield "case", package(stored, more=[("plugins/a", b""), ("plugins/A", b"")])
    yield "link", package(stored, link())
    yield "encrypted", package(stored, patched(packed([("a", b"a")]), directory, 8, b"\x01\x00"))
    yield "size", package(stored, patched(packed([("a", b"a" * 99)]), directory, 24, struct.pack("<I", 98)))
    yield "bomb", package(stored, packed([("zeros", bytes(2 << 20))]))
    yield "broken-war", package(stored, b"no war")
    yield "spec", package(stored, spec=b'{"java":17}')
    yield "comment", good[:-2] + b"\x04\x00PK\x05\x06"


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # "twice" is meant
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (FOLDER / name).write_bytes(data)
