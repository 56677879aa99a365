import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "@weir/kit";
import { rowsOf, testContext } from "@weir/kit/testing";
import type {
  Change,
  ColumnBatch,
  Encoding,
  EncodingFormat,
  Field,
  FieldKind,
  JsonObject,
  RejectedRow,
  Stream,
} from "@weir/protocol";
import { fieldsOf, schemaOf, WeirError } from "@weir/protocol";
import { source } from "../../src/file/source.ts";

/** What a reading of one input gives: rows and what was set aside, or the code of a failure. */
export type Outcome =
  | { readonly code: string }
  | {
      readonly code: undefined;
      readonly rows: readonly JsonObject[];
      readonly changes: readonly (readonly Change[])[];
      readonly rejected: readonly RejectedRow[];
      readonly counted: number;
    };

/** What the route of bytes gives. */
export type Bytes =
  | { readonly given: false; readonly why: string }
  | { readonly given: true; readonly bytes: Buffer; readonly rows: number };

const parsedConfigs = new Map<string, JsonObject>();

/** Parsing compiles the schema, which takes longer than all the reading. */
function parsed(given: JsonObject): JsonObject {
  const key = JSON.stringify(given);
  let found = parsedConfigs.get(key);
  if (found === undefined) {
    found = parseConfig(source.spec.connectionSpecification, given, "config").config;
    parsedConfigs.set(key, found);
  }
  return found;
}

/** One file of a stream as the source reads it, by every route. */
export class FuzzedFile {
  readonly stream: Stream;
  readonly #config: JsonObject;

  private constructor(stream: Stream, config: JsonObject) {
    this.stream = stream;
    this.#config = config;
  }

  /** Discovers; the code where that fails. */
  static async of(
    root: string,
    name: string,
    input: Uint8Array,
    options: JsonObject,
  ): Promise<FuzzedFile | string> {
    writeFileSync(join(root, name), input);
    const given = { root, streams: [{ name: "rows", files: [name], ...options }] };
    const config = parsed(given);
    try {
      const { streams } = await source.discover(config, testContext());
      const [stream] = streams;
      if (stream === undefined) throw new Error("There is no stream.");
      return new FuzzedFile(stream, config);
    } catch (error) {
      return codeOf(error);
    }
  }

  get fields(): readonly Field[] {
    return fieldsOf(this.stream.json_schema);
  }

  /** Reads as batches, all fields being of one kind where it is given. */
  async batches(kind?: FieldKind): Promise<Outcome> {
    const fields = this.fields.map((field) => (kind === undefined ? field : { name: field.name, kind }));
    const rows: JsonObject[] = [];
    const changes: (readonly Change[])[] = [];
    const rejected: RejectedRow[] = [];
    let counted = 0;
    try {
      const encoding = encodingOf("batch", fields);
      for await (const read of this.#parts(encoding, fields)) {
        if (read.form !== "batches") throw new TypeError("Bytes where batches were asked for.");
        for await (const batch of read.chunks) take(batch, encoding, { rows, changes, rejected });
        counted += read.rows();
      }
    } catch (error) {
      return { code: codeOf(error) };
    }
    return { code: undefined, rows, changes, rejected, counted };
  }

  /** Reads as the file lies there. */
  async asItIs(format: EncodingFormat): Promise<Bytes> {
    const chunks: Uint8Array[] = [];
    let rows = 0;
    try {
      for await (const read of this.#parts(encodingOf(format, this.fields), this.fields)) {
        if (read.form !== "bytes") continue;
        for await (const chunk of read.chunks) chunks.push(chunk);
        await read.file?.unchanged();
        rows += read.rows();
      }
    } catch (error) {
      return { given: false, why: codeOf(error) };
    }
    return { given: true, bytes: Buffer.concat(chunks), rows };
  }

  async *#parts(encoding: Encoding, fields: readonly Field[]) {
    const context = testContext();
    const stream = { ...this.stream, json_schema: schemaOf(fields) };
    const configured = { stream, sync_mode: "full_refresh", destination_sync_mode: "append" } as const;
    const catalog = { streams: [configured] };
    const session = await source.open({ config: this.#config, catalog, state: [], context });
    try {
      if (session.kind !== "parts") throw new TypeError("The source of files reads in parts.");
      const reader = await session.reader(configured, null);
      if (!reader.gives(encoding)) throw refused;
      for await (const part of reader.parts(context.signal)) yield part.read(encoding, context.signal);
    } finally {
      await session.close();
    }
  }
}

const refused = new WeirError({
  code: "source.not_given",
  message: "The reader does not give this encoding.",
  next: "Nothing.",
  recovery: "skip",
  origin: "source",
});

function encodingOf(format: EncodingFormat, fields: readonly Field[]): Encoding {
  const columns = fields.map((field) => ({
    field,
    type: field.kind === "number" ? `DECIMAL(${field.precision ?? 38},${field.scale ?? 9})` : "",
  }));
  return { format, columns, cost: 4 };
}

export interface Taken {
  readonly rows: JsonObject[];
  readonly changes: (readonly Change[])[];
  readonly rejected: RejectedRow[];
}

export function take(batch: ColumnBatch, encoding: Encoding, into: Taken): void {
  for (const { data, changes } of rowsOf(batch, encoding)) {
    into.rows.push(data);
    into.changes.push(changes);
  }
  into.rejected.push(...(batch.rejected ?? []));
}

/** Anything but a failure with a code, and a code of the source, is a crash. */
function codeOf(error: unknown): string {
  if (error instanceof WeirError && error.failure.code.startsWith("source.")) return error.failure.code;
  throw error;
}

/** Of an offset without a colon the text is not canonical, so the time is written as UTC. */
export function asUtc(text: string): string {
  if (!/[-+]\d{4}$/.test(text)) return text;
  const at = Date.parse(text.replace(" ", "T").replace(/(\d\d)$/, ":$1"));
  const fraction = /\.(\d+)/.exec(text)?.[1]?.replace(/0+$/, "") ?? "";
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}${fraction === "" ? "" : `.${fraction}`}+00`;
}

/** One spelling for each decimal value: `-15e-1` for `-1.50`. */
export function plainNumber(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return /\d/.test(text) ? "0" : text;
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === "-" ? "-" : ""}${significant}e${scale}`;
}
