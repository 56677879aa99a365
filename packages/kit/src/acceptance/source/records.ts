import type { ConfiguredStream, FieldKind, JsonObject, JsonValue, Message } from "@weir/protocol";
import { ExactNumber, fieldsOf, isObject, streamKey } from "@weir/protocol";
import { meaningOf } from "../destination/meaning.ts";
import { expect, expectEqual, expectSame, stableText } from "../expect.ts";
import { configured, type Reading, readFrom } from "./reading.ts";
import type { SourceSubject } from "./subject.ts";

export async function fullRead(subject: SourceSubject): Promise<JsonObject> {
  const catalog = await configured(subject, "full_refresh");
  const reading = await readFrom(subject, { catalog });
  let rows = 0;
  for (const configuredStream of catalog.streams) {
    const key = streamKey(configuredStream.stream);
    const records = reading.records.get(key) ?? [];
    rows += records.length;
    expect(records.length > 0 || (subject.empty?.includes(key) ?? false), `${key} has no rows`);
    fitSchema(configuredStream, records);
    expectStatuses(reading.messages, key, records.length > 0);
    const wanted = subject.expected?.[key];
    if (wanted !== undefined) expectRecords(configuredStream, records, wanted, `rows of ${key}`);
  }
  return { streams: catalog.streams.length, rows };
}

/** The rows by what their values mean: an author of expectations need not know how many digits a second has. */
export function expectRecords(
  { stream }: ConfiguredStream,
  records: readonly JsonObject[],
  wanted: readonly JsonObject[],
  what: string,
): void {
  const fields = fieldsOf(stream.json_schema);
  const meanings = (row: JsonObject): JsonObject =>
    Object.fromEntries(fields.map(({ name, kind }) => [name, meaningOf(row[name], kind)]));
  expectSame(records.map(meanings), wanted.map(meanings), what);
}

function expectStatuses(messages: readonly Message[], key: string, hasRows: boolean): void {
  const statuses: string[] = [];
  let isOver = false;
  for (const message of messages) {
    if (message.type === "RECORD") {
      const { stream: name, namespace } = message.record;
      expect(!isOver || streamKey({ name, namespace }) !== key, `a record of ${key} came after its COMPLETE`);
    }
    if (message.type !== "TRACE" || message.trace.type !== "STREAM_STATUS") continue;
    const { stream_descriptor, status } = message.trace.stream_status;
    if (streamKey(stream_descriptor) !== key) continue;
    statuses.push(status);
    isOver ||= status === "COMPLETE";
  }
  const once = statuses.filter((status, index) => status !== "RUNNING" || statuses[index - 1] !== "RUNNING");
  const wanted = hasRows ? ["STARTED", "RUNNING", "COMPLETE"] : ["STARTED", "COMPLETE"];
  expectEqual(once, wanted, `statuses of ${key}`);
}

function fitSchema({ stream }: ConfiguredStream, records: readonly JsonObject[]): void {
  const key = streamKey(stream);
  const fields = new Map(fieldsOf(stream.json_schema).map(({ name, kind }) => [name, kind]));
  const primaryKey = (stream.source_defined_primary_key ?? []).map(([name = ""]) => name);
  const keys = new Set<string>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      const kind = fields.get(name);
      expect(kind !== undefined, `${key}: field ${name} is not in the schema`);
      expect(fits(value ?? null, kind), `${key}.${name}: ${stableText(value)} is no ${kind}`);
    }
    if (primaryKey.length === 0) continue;
    const values = primaryKey.map((name) => record[name] ?? null);
    expect(
      values.some((value) => value !== null),
      `${key}: a row has no key`,
    );
    const text = stableText(values);
    expect(!keys.has(text), `${key}: the key ${text} comes twice`);
    keys.add(text);
  }
}

const TIMESTAMP = /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?/;
const TEXTS: Partial<Readonly<Record<FieldKind, RegExp>>> = {
  date: /^-?\d{4,}-\d\d-\d\d(?: BC)?$/,
  timestamp_with_timezone: new RegExp(`${TIMESTAMP.source}(?:Z|[+-]\\d\\d:\\d\\d)(?: BC)?$`),
  timestamp_without_timezone: new RegExp(`${TIMESTAMP.source}(?: BC)?$`),
  time_with_timezone: /^\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d(?::\d\d)?)$/,
  time_without_timezone: /^\d\d:\d\d:\d\d(?:\.\d+)?$/,
};

function fits(value: JsonValue, kind: FieldKind): boolean {
  if (value === null) return true;
  const isNumber = typeof value === "number" || typeof value === "bigint" || value instanceof ExactNumber;
  switch (kind) {
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return typeof value === "bigint" || Number.isInteger(value);
    case "number":
      return isNumber || value === "NaN" || value === "Infinity" || value === "-Infinity";
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "union":
    case "unknown":
      return true;
    default: {
      if (typeof value !== "string") return false;
      return /^-?infinity$/.test(value) || (TEXTS[kind]?.test(value) ?? false);
    }
  }
}

/** Counts and order of the states of a read. */
export async function statesRow(subject: SourceSubject): Promise<JsonObject> {
  let states = 0;
  for (const mode of ["full_refresh", "incremental"] as const) {
    const catalog = await configured(subject, mode);
    if (catalog.streams.length === 0) continue;
    states += checkStates(await readFrom(subject, { catalog }), mode);
  }
  return { states };
}

function checkStates({ messages, records }: Reading, mode: string): number {
  const since = new Map<string, number>();
  const last = new Map<string, string>();
  let counted = 0;
  let states = 0;
  for (const message of messages) {
    if (message.type === "RECORD") {
      const key = streamKey({ name: message.record.stream, namespace: message.record.namespace });
      since.set(key, (since.get(key) ?? 0) + 1);
    }
    if (message.type !== "STATE") continue;
    states += 1;
    const { stream, sourceStats } = message.state;
    const key = stream === undefined ? "" : streamKey(stream.stream_descriptor);
    const covered = key === "" ? [...since.keys()] : [key];
    const rows = covered.reduce((sum, each) => sum + (since.get(each) ?? 0), 0);
    for (const each of covered) since.set(each, 0);
    expect(sourceStats?.recordCount !== undefined, `${mode}: a state of ${key} says no count`);
    expectEqual(sourceStats.recordCount, rows, `${mode}: the count of a state of ${key}`);
    counted += rows;
    const text = stableText((stream ?? message.state.global ?? message.state.data ?? null) as JsonValue);
    expect(rows > 0 || last.get(key) !== text, `${mode}: a state of ${key} comes twice in succession`);
    last.set(key, text);
  }
  for (const [key, list] of records) {
    expect(last.has(key) || last.has(""), `${mode}: ${key} has no state`);
    expectEqual(since.get(key) ?? 0, 0, `${mode}: records of ${key} after its last state`);
    counted -= list.length;
  }
  expectEqual(counted, 0, `${mode}: records counted more than sent`);
  return states;
}
