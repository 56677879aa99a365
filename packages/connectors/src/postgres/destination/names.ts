import { createHash } from "node:crypto";
import type { StreamPlan } from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";

/** PostgreSQL cuts longer names without a word (NAMEDATALEN - 1). */
const MAX_BYTES = 63;

/** Where Weir keeps what is its own: fences, checkpoints and staged rows. */
export const WEIR_SCHEMA = "_weir";

export const RAW_ID = "_airbyte_raw_id";
export const EXTRACTED_AT = "_airbyte_extracted_at";
export const META = "_airbyte_meta";
export const GENERATION_ID = "_airbyte_generation_id";

/** A field of this name with a value says that the source deleted the row. */
export const DELETED_AT_FIELD = "_ab_cdc_deleted_at";

/** Names no data column may have: Weir's own, and PostgreSQL's system columns. */
const TAKEN = new Set([
  RAW_ID,
  EXTRACTED_AT,
  META,
  GENERATION_ID,
  "tableoid",
  "ctid",
  "xmin",
  "cmin",
  "xmax",
  "cmax",
]);

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export function hash(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

/**
 * The name itself where PostgreSQL can hold it, else its beginning and eight digits of its hash. It depends on nothing
 * but the name, so that columns added later never rename earlier ones.
 */
function storable(name: string, taken: ReadonlySet<string>): string {
  const clean = name.replaceAll("\0", "").toWellFormed();
  const fits = Buffer.byteLength(clean) <= MAX_BYTES;
  if (fits && clean === name && clean !== "" && !taken.has(name)) return name;
  return `${cut(clean, MAX_BYTES - 9)}_${hash(name, 8)}`;
}

/** The longest beginning of at most `bytes` bytes that ends at a character. */
function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((buffer[end] ?? 0) & 0xc0) === 0x80) end--;
  return buffer.toString("utf8", 0, end);
}

const NOTHING_TAKEN: ReadonlySet<string> = new Set();

export function tableName(plan: StreamPlan, defaultSchema: string): TableName {
  const { namespace, name } = plan.table;
  const table = {
    schema: storable(namespace === undefined || namespace === "" ? defaultSchema : namespace, NOTHING_TAKEN),
    name: storable(name, NOTHING_TAKEN),
  };
  if (table.schema !== WEIR_SCHEMA) return table;
  throw new WeirError({
    code: "destination.schema_reserved",
    message: `Stream ${plan.key} would be written into schema ${WEIR_SCHEMA}, which holds Weir's own tables.`,
    next: "Choose another namespace for the stream.",
    recovery: "ask",
    origin: "destination",
    stream: plan.key,
  });
}

/** The column of each field, by the field's name. Fails with `destination.names_collide` when two fields share one. */
export function columnNames(plan: StreamPlan): ReadonlyMap<string, string> {
  const columns = new Map<string, string>();
  const fields = new Map<string, string>();
  for (const { name } of plan.fields) {
    const column = storable(name, TAKEN);
    const other = fields.get(column);
    if (other !== undefined) {
      throw collision(
        `Fields ${JSON.stringify(other)} and ${JSON.stringify(name)} of stream ${plan.key} would both be column ${column}.`,
        "Take one of them out of the stream's selection.",
        plan.key,
      );
    }
    fields.set(column, name);
    columns.set(name, column);
  }
  return columns;
}

/** Fails with `destination.names_collide` when two streams would be written to one table. */
export function refuseSharedTables(plans: readonly StreamPlan[], defaultSchema: string): void {
  const owners = new Map<string, StreamPlan>();
  for (const plan of plans) {
    const { schema, name } = tableName(plan, defaultSchema);
    const id = streamKey({ namespace: schema, name });
    const other = owners.get(id);
    if (other !== undefined && other.key !== plan.key) {
      throw collision(
        `Streams ${other.key} and ${plan.key} would both be written to table ${schema}.${name}.`,
        "Give one of them another namespace or prefix.",
      );
    }
    owners.set(id, plan);
  }
}

function collision(message: string, next: string, stream?: string): WeirError {
  return new WeirError({
    code: "destination.names_collide",
    message,
    next,
    recovery: "ask",
    origin: "destination",
    ...(stream === undefined ? {} : { stream }),
  });
}

/**
 * Where the rows of a load wait until `finish`. The hash names connection and stream whatever table they go to; the
 * words before it are for people. Stages of other generations are found by the same hash.
 */
export function stageName(connection: string, plan: StreamPlan): string {
  const words = cut(plan.key.replaceAll(/[^A-Za-z0-9]+/g, "_"), 30);
  return `${words}_${stageHash(connection, plan.key)}_g${plan.generation}`;
}

export function stageHash(connection: string, key: string): string {
  return hash(`${connection}\0${key}`, 16);
}

/** Finds the hash in a stage's name; a PostgreSQL regular expression with one group. */
export const STAGE_HASH_PATTERN = "_([0-9a-f]{16})_g[0-9]+$";

/** Name of the index Weir makes on the key columns of a table. */
export function keyIndexName(table: TableName, columns: readonly string[]): string {
  return `${cut(table.name, 40)}_key_${hash(JSON.stringify([table, columns]), 8)}`;
}
