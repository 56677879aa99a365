#!/usr/bin/env python3
"""A source of the Airbyte protocol with the standard library alone: the lines of a JSONL file.

Its state is the number of lines read. Give it a file whose lines are objects with an integer "id".
"""

import argparse
import json
import sys
import time

SPEC = {
    "connectionSpecification": {
        "type": "object",
        "required": ["path"],
        "properties": {
            "path": {"type": "string", "description": "The JSONL file."},
            "token": {"type": "string", "airbyte_secret": True, "description": "Not used; shows a secret."},
        },
    }
}

STREAM = {
    "name": "lines",
    "json_schema": {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}},
    },
    "supported_sync_modes": ["full_refresh", "incremental"],
    "source_defined_cursor": True,
    "default_cursor_field": ["id"],
    "source_defined_primary_key": [["id"]],
    "is_resumable": True,
}
ROWS_PER_STATE = 1000


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")


def status(word):
    trace = {"stream_descriptor": {"name": "lines"}, "status": word}
    send({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": now(), "stream_status": trace}})


def now():
    return int(time.time() * 1000)


def check(config):
    try:
        open(config["path"], encoding="utf-8").close()
        result = {"status": "SUCCEEDED"}
    except OSError as error:
        result = {"status": "FAILED", "message": str(error)}
    send({"type": "CONNECTION_STATUS", "connectionStatus": result})


def read(config, state):
    seen = next((each["stream"]["stream_state"]["lines"] for each in state), 0)
    rows = 0
    status("STARTED")
    with open(config["path"], encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if number <= seen:
                continue
            send({"type": "RECORD", "record": {"stream": "lines", "data": json.loads(line), "emitted_at": now()}})
            rows += 1
            if rows == ROWS_PER_STATE:
                checkpoint(number, rows)
                seen, rows = number, 0
        seen += rows
    checkpoint(seen, rows)
    status("COMPLETE")


def checkpoint(lines, rows):
    stream = {"stream_descriptor": {"name": "lines"}, "stream_state": {"lines": lines}}
    send({"type": "STATE", "state": {"type": "STREAM", "stream": stream, "sourceStats": {"recordCount": rows}}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["spec", "check", "discover", "read"])
    for name in ("config", "catalog", "state"):
        parser.add_argument(f"--{name}", type=argparse.FileType())
    given = parser.parse_args()
    if given.command == "spec":
        return send({"type": "SPEC", "spec": SPEC})
    if given.command == "discover":
        return send({"type": "CATALOG", "catalog": {"streams": [STREAM]}})
    config = json.load(given.config)
    if given.command == "check":
        return check(config)
    read(config, json.load(given.state) if given.state else [])


if __name__ == "__main__":
    main()
