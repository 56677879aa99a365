import type { Context, DestinationSession, Encoding, FieldKind, StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { ChecksumKind, Tally } from "./tally.ts";
import { merge, newTally } from "./tally.ts";
import { nullTransaction } from "./transaction.ts";

/** Tallies by stream key; they outlive a session, so that a later attempt goes on counting. */
export type Tallies = Map<string, Tally>;

export interface SessionOptions {
  readonly checksum: ChecksumKind;
  readonly tallies: Tallies;
  readonly context: Context;
}

export function nullSession({ checksum, tallies, context }: SessionOptions): DestinationSession {
  const tallyOf = (stream: StreamPlan): Tally => {
    const tally = tallies.get(stream.key) ?? newTally(stream, checksum);
    tallies.set(stream.key, tally);
    return tally;
  };
  return {
    capabilities: {
      transactional: false,
      parallel: 4,
      modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
    },
    held: async () => ({ token: null, checkpoints: [] }),
    begin: async ({ streams }) => {
      refuseCollisions(streams);
      for (const stream of streams) if (stream.fresh) tallies.delete(stream.key);
      return [];
    },
    takes: (stream) => encodingsOf(stream, newTally(stream, checksum)),
    transaction: async () => nullTransaction(checksum, (stream, tally) => merge(tallyOf(stream), tally)),
    finish: async ({ stream }) => {
      const { rows, bytes, checksum: sum } = tallyOf(stream);
      const seen =
        sum === undefined ? "" : `, checksum of ${checksum === "values" ? "values" : "keys"} ${sum.text()}`;
      context.log("info", `${stream.key}: ${rows} rows, ${bytes} bytes${seen}`, {
        rows,
        bytes,
        checksum: sum?.text(),
      });
    },
    reset: async () => undefined,
    measure: async (stream, { key }) => {
      const { rows, checksum: sum } = tallyOf(stream);
      if (key.length === 0) return { rows };
      if (checksum !== "verify" || sum === undefined || key.join("\n") !== stream.primaryKey.join("\n"))
        throw nothingKept(stream);
      return { rows, checksum: sum.text() };
    },
    close: async () => undefined,
  };
}

/** Where nothing looks into the rows, bytes are taken as they come. */
function encodingsOf(stream: StreamPlan, { checksum }: Tally): readonly Encoding[] {
  const columns = (typeOf: (kind: FieldKind) => string) =>
    stream.fields.map((field) => ({ field, type: typeOf(field.kind) }));
  const batch: Encoding = { format: "batch", columns: columns(() => ""), cost: 4 };
  if (checksum !== undefined) return [batch];
  const types = columns((kind) => WIRE_TYPES[kind]);
  return [
    { format: "pg-binary", columns: types, cost: 1 },
    { format: "pg-text", columns: types, cost: 1.5 },
    { format: "csv", columns: columns(() => ""), cost: 1.5 },
    batch,
  ];
}

/** What PostgreSQL has for each kind. */
const WIRE_TYPES: Readonly<Record<FieldKind, string>> = {
  string: "text",
  boolean: "bool",
  integer: "int8",
  number: "numeric",
  date: "date",
  timestamp_with_timezone: "timestamptz",
  timestamp_without_timezone: "timestamp",
  time_with_timezone: "timetz",
  time_without_timezone: "time",
  object: "jsonb",
  array: "jsonb",
  union: "jsonb",
  unknown: "jsonb",
};

function refuseCollisions(streams: readonly StreamPlan[]): void {
  const taken = new Map<string, string>();
  for (const { table, key } of streams) {
    const name = JSON.stringify([table.namespace ?? "", table.name]);
    const other = taken.get(name);
    taken.set(name, key);
    if (other === undefined) continue;
    throw new WeirError({
      code: "destination.names_collide",
      message: `The streams ${other} and ${key} would go to one table, ${table.name}.`,
      next: "Give one of them another prefix or namespace.",
      recovery: "ask",
      origin: "destination",
    });
  }
}

function nothingKept(stream: StreamPlan): WeirError {
  return new WeirError({
    code: "destination.checksum_not_kept",
    message: `No comparable checksum of ${stream.key} was kept.`,
    next: 'Set "checksum" of the destination to "verify" (the stream needs a primary key), or verify counts only.',
    recovery: "ask",
    origin: "destination",
    path: "checksum",
    stream: stream.key,
  });
}
