import type { Message } from "../src/index.ts";
import { parseCatalog, parseConfiguredCatalog, parseMessage, serializeMessage } from "../src/index.ts";
import { describe, expect, test } from "vitest";
import { LINES } from "./messages.ts";

const lines = Object.entries(LINES);
const utf8 = new TextEncoder();

function parsed(line: string | Uint8Array): Message {
  const result = parseMessage(line);
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.value;
}

describe("parseMessage", () => {
  test.each(lines)("%s comes back character by character, from text and from bytes", (_name, line) => {
    expect(serializeMessage(parsed(line))).toBe(line);
    expect(serializeMessage(parsed(utf8.encode(line)))).toBe(line);
  });

  test("white space and counts with a decimal point are read", () => {
    const message = parsed(
      ' { "type" : "STATE",\n"state": {"data": {}, "sourceStats": {"recordCount": 250.0}} }\n',
    );
    expect(message).toEqual({ type: "STATE", state: { data: {}, sourceStats: { recordCount: 250 } } });
  });

  test("null in an optional member counts as absent, unknown members and data keep theirs", () => {
    const message = parsed(
      '{"type":"RECORD","record":{"stream":"s","namespace":null,"data":{"a":null},"emitted_at":1,"meta":null,"other":null}}',
    );
    expect(serializeMessage(message)).toBe(
      '{"type":"RECORD","record":{"stream":"s","data":{"a":null},"emitted_at":1,"other":null}}',
    );
    expect(parsed('{"type":"STATE","state":{"type":null,"data":null}}')).toEqual({
      type: "STATE",
      state: { data: null },
    });
  });

  test.each([
    ["", "not-json"],
    ["Starting sync ...", "not-json"],
    ['{"type":"RECORD"', "not-json"],
    ["12", "not-a-message"],
    ["null", "not-a-message"],
    ['[{"type":"LOG"}]', "not-a-message"],
    ['{"level":"INFO","message":"x"}', "not-a-message"],
    ['{"type":"record"}', "not-a-message"],
    ['{"type":"constructor"}', "not-a-message"],
    ['{"type":12345678901234567890}', "not-a-message"],
  ])("%s is %s", (line, kind) => {
    const result = parseMessage(line);
    expect(result.ok ? result.value : result.problem.kind).toBe(kind);
  });

  test.each([["1"], ["12345678901234567890123"]])(
    "values nested too deep to be written again (%s)",
    (inner) => {
      const nested = (levels: number): string =>
        `{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":{"a":${"[".repeat(levels)}${inner}${"]".repeat(levels)}}}}`;
      const kept = parseMessage(nested(990));
      expect(kept.ok && serializeMessage(kept.value)).toBe(nested(990));
      for (const levels of [1000, 100_000, 1_000_000]) {
        expect(parseMessage(nested(levels))).toMatchObject({ ok: false, problem: { kind: "invalid" } });
      }
    },
  );

  test("bytes that are not UTF-8 are not JSON, and the problem quotes nothing", () => {
    const result = parseMessage(Uint8Array.of(123, 34, 0xff, 34, 125));
    expect(result).toEqual({ ok: false, problem: { kind: "not-json", path: "", message: "not UTF-8" } });
    expect(JSON.stringify(parseMessage("password=hunter2"))).not.toContain("hunter2");
  });

  test.each([
    ["record", '{"type":"RECORD"}', "expected an object, got nothing"],
    [
      "record.stream",
      '{"type":"RECORD","record":{"data":{},"emitted_at":1}}',
      "expected a string, got nothing",
    ],
    [
      "record.data",
      '{"type":"RECORD","record":{"stream":"s","data":[],"emitted_at":1}}',
      "expected an object, got an array",
    ],
    [
      "record.emitted_at",
      '{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":"1"}}',
      "expected a number, got a string",
    ],
    [
      "record.emitted_at",
      '{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":12345678901234567890}}',
      "expected a number, got a bigint",
    ],
    [
      "record.meta.changes.1.reason",
      '{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1,"meta":{"changes":[{"field":"a","change":"NULLED","reason":"SOURCE_RECORD_SIZE_LIMITATION"},{"field":"a","change":"NULLED","reason":"BECAUSE"}]}}}',
      'got "BECAUSE"',
    ],
    [
      "state.type",
      '{"type":"STATE","state":{"type":"OTHER","data":1}}',
      "expected one of STREAM, GLOBAL, LEGACY",
    ],
    ["state.data", '{"type":"STATE","state":{}}', "expected a value, got nothing"],
    ["state.stream", '{"type":"STATE","state":{"type":"STREAM"}}', "expected an object, got nothing"],
    [
      "state.stream.stream_descriptor.name",
      '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{}}}}',
      "string",
    ],
    [
      "state.global.stream_states",
      '{"type":"STATE","state":{"type":"GLOBAL","global":{}}}',
      "expected an array, got nothing",
    ],
    [
      "state.sourceStats.recordCount",
      '{"type":"STATE","state":{"data":1,"sourceStats":{"recordCount":"1"}}}',
      "number",
    ],
    ["log.level", '{"type":"LOG","log":{"level":"WARNING","message":""}}', 'got "WARNING"'],
    ["trace.emitted_at", '{"type":"TRACE","trace":{"type":"ERROR","error":{"message":""}}}', "number"],
    ["trace.type", '{"type":"TRACE","trace":{"type":12345678901234567890,"emitted_at":1}}', "got a bigint"],
    ["trace.error", '{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1}}', "expected an object"],
    [
      "trace.estimate.type",
      '{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"estimate":{"name":"a"}}}',
      "STREAM, SYNC",
    ],
    [
      "trace.stream_status.reasons.0.type",
      '{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"stream_descriptor":{"name":"a"},"status":"RUNNING","reasons":[{}]}}}',
      "expected a string",
    ],
    ["spec.connectionSpecification", '{"type":"SPEC","spec":{}}', "expected an object"],
    ["connectionStatus.status", '{"type":"CONNECTION_STATUS","connectionStatus":{}}', "SUCCEEDED, FAILED"],
    [
      "catalog.streams.0.json_schema",
      '{"type":"CATALOG","catalog":{"streams":[{"name":"a","supported_sync_modes":[]}]}}',
      "object",
    ],
    [
      "control.connectorConfig.config",
      '{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{}}}',
      "object",
    ],
    [
      "destination_catalog.operations.0.object_name",
      '{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{}]}}',
      "string",
    ],
  ])("says that %s is wrong", (path, line, message) => {
    const result = parseMessage(line);
    if (result.ok) throw new Error("passed");
    expect(result.problem).toMatchObject({ kind: "invalid", path });
    expect(result.problem.message).toContain(message);
  });
});

describe("catalogs", () => {
  const stream = { name: "users", json_schema: {}, supported_sync_modes: ["full_refresh"] };
  const configured = { stream, sync_mode: "incremental", destination_sync_mode: "append_dedup" };

  test("a catalog keeps what it does not know", () => {
    const text = JSON.stringify({ streams: [{ ...stream, later: { a: 1 } }], more: [1] });
    const result = parseCatalog(text);
    expect(JSON.stringify(result.ok && result.value)).toBe(text);
  });

  test("a configured catalog", () => {
    const full = {
      ...configured,
      cursor_field: ["a"],
      primary_key: [["id"]],
      generation_id: 3,
      minimum_generation_id: 3,
      sync_id: 9,
      include_files: false,
      destination_object_name: "Contact",
      later: null,
    };
    const text = JSON.stringify({ streams: [configured, full] });
    const result = parseConfiguredCatalog(utf8.encode(text));
    expect(JSON.stringify(result.ok && result.value)).toBe(text);
  });

  test.each([
    ["streams.0.destination_sync_mode", { ...configured, destination_sync_mode: "merge" }],
    ["streams.0.sync_mode", { ...configured, sync_mode: undefined }],
    ["streams.0.primary_key.0", { ...configured, primary_key: ["id"] }],
    ["streams.0.generation_id", { ...configured, generation_id: 1.5 }],
    ["streams.0.stream.name", { ...configured, stream: { ...stream, name: 1 } }],
    [
      "streams.0.stream.supported_sync_modes.0",
      { ...configured, stream: { ...stream, supported_sync_modes: ["x"] } },
    ],
  ])("says that %s is wrong", (path, item) => {
    const result = parseConfiguredCatalog(JSON.stringify({ streams: [item] }));
    expect(result).toMatchObject({ ok: false, problem: { kind: "invalid", path } });
  });
});
