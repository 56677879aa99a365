import { parseConfig, rowsOf } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import type {
  ConfiguredStream,
  Encoding,
  JsonObject,
  JsonValue,
  PartSession,
  StreamReader,
} from "@weir/protocol";
import { fieldsOf } from "@weir/protocol";
import { source } from "../../src/faker/source.ts";

export const context = testContext();

/** One stream of a faker, opened as the engine opens it. */
export async function open(given: JsonObject, name: string, state: JsonValue | null = null) {
  const { config } = parseConfig(source.spec.connectionSpecification, given, "config");
  const catalog = await source.discover(config, context);
  const stream = catalog.streams.find((each) => each.name === name);
  if (stream === undefined) throw new Error(`no stream ${name}`);
  const configured: ConfiguredStream = { stream, sync_mode: "incremental", destination_sync_mode: "append" };
  const opened = await source.open({ config, catalog: { streams: [configured] }, state: [], context });
  const session = opened as PartSession;
  const reader = await session.reader(configured, state);
  return { session, configured, reader, encoding: encodingOf(configured) };
}

export function encodingOf({ stream }: ConfiguredStream, names?: readonly string[]): Encoding {
  const fields = fieldsOf(stream.json_schema);
  const chosen =
    names === undefined ? fields : names.flatMap((name) => fields.filter((field) => field.name === name));
  return { format: "batch", columns: chosen.map((field) => ({ field, type: "" })), cost: 4 };
}

export interface ReadPart {
  readonly id: string;
  readonly state: JsonValue;
  readonly rows: readonly JsonObject[];
}

/** Every part with its rows. */
export async function readParts(reader: StreamReader, encoding: Encoding): Promise<readonly ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const part of reader.parts(context.signal)) {
    const rows: JsonObject[] = [];
    const read = part.read(encoding, context.signal);
    if (read.form !== "batches") throw new Error("the faker gives batches");
    for await (const batch of read.chunks) {
      for (const { data, changes } of rowsOf(batch, encoding)) {
        if (changes.length > 0) throw new Error(`a value does not fit its field: ${JSON.stringify(changes)}`);
        rows.push(data);
      }
    }
    if (read.rows() !== rows.length) throw new Error("the part miscounts its rows");
    parts.push({ id: part.id, state: part.state, rows });
  }
  return parts;
}

export async function readAll(given: JsonObject, name: string, state: JsonValue | null = null) {
  const { reader, encoding } = await open(given, name, state);
  const parts = await readParts(reader, encoding);
  return { reader, parts, rows: parts.flatMap((part) => part.rows), state: parts.at(-1)?.state ?? null };
}
