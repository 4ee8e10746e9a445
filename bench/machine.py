"""The machine's name, and files of raw figures that carry it."""

import datetime
import json
import os
import pathlib
import re


def name():
    """The processor's model and the number of cores, e.g. "amd-epyc-2-cores"."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "CPU part"):
            model = value.strip()
            break
    model = re.sub(r"\([^)]*\)|CPU|Processor|@.*", " ", model)
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") + f"-{os.cpu_count()}-cores"


def save(folder, what, content):
    """Writes DATE-WHAT.json into the machine's folder; a second measurement of a day replaces the first."""
    path = folder / name() / f"{datetime.date.today().isoformat()}-{what}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": name(), "load": os.getloadavg()[0], **content}, indent=1) + "\n")
    return path
