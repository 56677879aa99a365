#!/usr/bin/env python3
"""A destination of the Airbyte protocol with the standard library alone: a JSONL file for each stream.

A state is sent back when the rows before it are on the disk. An overwrite replaces the file when all input was read.
"""

import argparse
import json
import os
import sys

SPEC = {
    "connectionSpecification": {
        "type": "object",
        "required": ["folder"],
        "properties": {"folder": {"type": "string", "description": "Where the files go."}},
    },
    "supported_destination_sync_modes": ["append", "overwrite"],
}


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def cut_half_line(path):
    """A process that was killed may have left one; its row comes again, and must not be written behind it."""
    if not os.path.exists(path):
        return
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            file.seek(end - 1)
            if file.read(1) == b"\n":
                break
            end -= 1
        file.truncate(end)


class Stream:
    def __init__(self, folder, configured):
        self.path = os.path.join(folder, configured["stream"]["name"] + ".jsonl")
        self.overwrites = configured["destination_sync_mode"] == "overwrite"
        if not self.overwrites:
            cut_half_line(self.path)
        self.file = open(self.path + ".next" if self.overwrites else self.path, "w" if self.overwrites else "a")
        self.rows = 0

    def add(self, data):
        self.file.write(json.dumps(data) + "\n")
        self.rows += 1

    def save(self):
        self.file.flush()
        os.fsync(self.file.fileno())
        rows, self.rows = self.rows, 0
        return rows

    def finish(self):
        self.save()
        self.file.close()
        if self.overwrites:
            os.replace(self.path + ".next", self.path)


def key(descriptor):
    return descriptor.get("namespace"), descriptor["name"]


def write(config, catalog):
    os.makedirs(config["folder"], exist_ok=True)
    streams = {key(each["stream"]): Stream(config["folder"], each) for each in catalog["streams"]}
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            streams[record.get("namespace"), record["stream"]].add(record["data"])
        elif message["type"] == "STATE":
            state = message["state"]
            rows = streams[key(state["stream"]["stream_descriptor"])].save()
            send({**message, "state": {**state, "destinationStats": {"recordCount": rows}}})
    for stream in streams.values():
        stream.finish()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["spec", "check", "write"])
    for name in ("config", "catalog"):
        parser.add_argument(f"--{name}", type=argparse.FileType())
    given = parser.parse_args()
    if given.command == "spec":
        return send({"type": "SPEC", "spec": SPEC})
    config = json.load(given.config)
    if given.command == "check":
        return send({"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}})
    write(config, json.load(given.catalog))


if __name__ == "__main__":
    main()
