"""The process that reads a hostile file: ``python -I -m gis_app.importers.reading_child FORMAT WANTED LIMITS``.

It confines itself (see ``confinement``), reads standard input with the one reader named, and writes to standard output
what ``sandbox`` reads there.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator

from gis_app.domain.errors import JingweiError, Refused
from gis_app.importers.confinement import Limits, confine
from gis_app.importers.formats import IMPORTERS, ImportFormat
from gis_app.importers.reading_process import NO_ROOM_CODE
from gis_app.importers.records import Batch, FileFacts, PackedBatch, Record, Shape, Wanted
from gis_app.importers.wire import batches_of, encode_batch, encode_facts, encode_packed, encode_refusal


def _serve(format_name: str, wanted: Wanted, limits: Limits, *, formats: dict[str, ImportFormat]) -> None:
    source, output = os.fdopen(0, "rb"), os.fdopen(1, "wb", closefd=False)
    facts = FileFacts()
    read = formats[format_name].load()
    gc.disable()  # the process ends before anything is worth collecting, and memory is bounded
    try:
        confine(limits)
        for batch in batches_of(_counted(read(source, wanted, facts), limits)):
            output.writelines(encode_packed(batch) if isinstance(batch, PackedBatch) else [encode_batch(batch)])
        output.write(encode_facts(facts))
    except JingweiError as error:
        output.write(encode_refusal(error))
    except MemoryError:
        output.write(encode_refusal(_too_much_memory(limits)))
    output.flush()


def _counted(read: Iterable[Record | Batch | PackedBatch], limits: Limits) -> Iterator[Record | Batch | PackedBatch]:
    count = 0
    for each in read:
        count += 1 if isinstance(each, Record) else len(each.rows)
        if count > limits.rows:
            raise Refused("The file has more than {limit} rows.", remedy="Split the file.", limit=limits.rows)
        yield each


def main(formats: dict[str, ImportFormat] = IMPORTERS) -> int:
    """Confine this process, read standard input, write its records to standard output and return the exit code."""
    try:
        asked = json.loads(sys.argv[2])
        wanted = Wanted(Shape(asked["shape"]), asked["place_headers"], bool(asked["keeps_place_columns"]),
                        bool(asked["packs"]))  # fmt: skip
        _serve(sys.argv[1], wanted, Limits(**json.loads(sys.argv[3])), formats=formats)
    except OSError:  # standard output is all that can fail: the folder is full, or the size limit is reached
        return NO_ROOM_CODE
    return 0


def _too_much_memory(limits: Limits) -> Refused:
    return Refused(
        "Reading the file needs more than {limit_mib} MiB of memory.",
        remedy="Split the file into smaller ones; if it is small, it is damaged or hostile.",
        limit_mib=limits.memory_bytes // (1024 * 1024),
    )


if __name__ == "__main__":
    os._exit(main())  # the interpreter's own ending needs calls that are no longer allowed
