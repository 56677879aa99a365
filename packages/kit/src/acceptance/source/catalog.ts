import type { JsonObject, JsonValue, Stream } from "@weir/protocol";
import { isObject, streamKey } from "@weir/protocol";
import { expect } from "../expect.ts";
import { discovered } from "./reading.ts";
import type { SourceSubject } from "./subject.ts";

export async function catalogRow(subject: SourceSubject): Promise<JsonObject> {
  const { streams } = await discovered(subject);
  expect(streams.length > 0, "it finds no stream");
  const keys = new Set(streams.map(streamKey));
  expect(keys.size === streams.length, "two streams have one name");
  for (const stream of streams) {
    const problems = problemsOf(stream);
    expect(problems.length === 0, `${streamKey(stream)}: ${problems.join("; ")}`);
  }
  return { streams: streams.length };
}

function problemsOf(stream: Stream): readonly string[] {
  const { json_schema: schema, supported_sync_modes: modes } = stream;
  const problems: string[] = [];
  if (modes.length === 0) problems.push("no sync mode");
  if (schema["type"] !== "object") problems.push("its schema is no object");
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  for (const word of ["allOf", "not", "$ref"]) {
    if (usesWord(schema, word)) problems.push(`its schema uses ${word}`);
  }
  if (schema["additionalProperties"] === false) problems.push("its schema refuses further members");
  const paths = [stream.default_cursor_field ?? [], ...(stream.source_defined_primary_key ?? [])];
  for (const path of paths) {
    const [first] = path;
    if (first !== undefined && properties[first] === undefined) problems.push(`no field ${path.join(".")}`);
  }
  for (const [first = ""] of stream.source_defined_primary_key ?? []) {
    const type = typesOf(properties[first]);
    if (type.includes("object") || type.includes("array")) problems.push(`the key ${first} is a container`);
  }
  return problems;
}

function usesWord(value: JsonValue | undefined, word: string): boolean {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some((item) => usesWord(item, word));
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, member]) =>
    name === "properties" && isObject(member)
      ? Object.values(member).some((property) => usesWord(property, word))
      : name === word || usesWord(member, word),
  );
}

function typesOf(property: JsonValue | undefined): readonly JsonValue[] {
  const type = isObject(property) ? property["type"] : undefined;
  return Array.isArray(type) ? (type as readonly JsonValue[]) : type === undefined ? [] : [type];
}
