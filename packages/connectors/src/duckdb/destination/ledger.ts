import type { FencingToken, Held, JsonObject, StoredCheckpoint } from "@weir/protocol";
import { isObject, parseJson, stringifyJson, WeirError } from "@weir/protocol";
import type { Link } from "./link.ts";
import { WEIR_SCHEMA } from "./names.ts";
import { literal } from "./sql.ts";

/**
 * Fences and checkpoints. DuckDB fails a transaction that writes a row which another one wrote after it began, so
 * transactions that are open side by side must not update checkpoints: each adds entries, the highest entry of a stream
 * is the one that holds, and the others are removed where no other transaction writes the stream.
 */
export const CREATE_LEDGER = `
CREATE SCHEMA IF NOT EXISTS ${WEIR_SCHEMA};
CREATE TABLE IF NOT EXISTS ${WEIR_SCHEMA}.fences (
  connection VARCHAR NOT NULL, sync BIGINT NOT NULL, attempt BIGINT NOT NULL, taken_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS ${WEIR_SCHEMA}.checkpoints (
  connection VARCHAR NOT NULL, stream VARCHAR NOT NULL, entry BIGINT NOT NULL,
  sync BIGINT NOT NULL, attempt BIGINT NOT NULL, document VARCHAR NOT NULL, written_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS ${WEIR_SCHEMA}.keyed_tables (table_name VARCHAR NOT NULL, key_columns VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS ${WEIR_SCHEMA}.finished_loads (
  connection VARCHAR NOT NULL, stream VARCHAR NOT NULL, generation BIGINT NOT NULL
)`;

export async function readHeld(link: Link, connection: string): Promise<Held> {
  const name = literal(storedText(connection));
  const [fence] = await link.rows(
    `SELECT sync, attempt FROM ${WEIR_SCHEMA}.fences WHERE connection = ${name}`,
  );
  const rows = await link.rows(
    `SELECT stream, document FROM ${WEIR_SCHEMA}.checkpoints WHERE connection = ${name}
     QUALIFY row_number() OVER (PARTITION BY stream ORDER BY entry DESC) = 1 ORDER BY stream`,
  );
  const checkpoints = rows.flatMap(([stream, document]): StoredCheckpoint[] => {
    const value = parseJson(String(document));
    return isObject(value) ? [{ stream: readText(String(stream)), document: value }] : [];
  });
  return {
    token: fence === undefined ? null : { sync: Number(fence[0]), attempt: Number(fence[1]) },
    checkpoints,
  };
}

/** Takes the fence and removes entries that no longer hold, within the caller's transaction. */
export async function takeFence(link: Link, connection: string, token: FencingToken): Promise<void> {
  const name = literal(storedText(connection));
  await compareFence(link, connection, token);
  await link.run(
    `DELETE FROM ${WEIR_SCHEMA}.fences WHERE connection = ${name};
     INSERT INTO ${WEIR_SCHEMA}.fences VALUES (${name}, ${token.sync}, ${token.attempt}, now())`,
  );
  await link.run(
    `DELETE FROM ${WEIR_SCHEMA}.checkpoints AS old USING (
       SELECT stream, max(entry) AS entry FROM ${WEIR_SCHEMA}.checkpoints WHERE connection = ${name} GROUP BY stream
     ) AS last WHERE old.connection = ${name} AND old.stream = last.stream AND old.entry < last.entry`,
  );
}

/** Fails when a later attempt has taken the fence. On a connection of its own it sees what was committed just now. */
export async function compareFence(link: Link, connection: string, token: FencingToken): Promise<void> {
  const rows = await link.rows(
    `SELECT sync, attempt FROM ${WEIR_SCHEMA}.fences WHERE connection = ${literal(storedText(connection))}
     AND (sync, attempt) > (${token.sync}, ${token.attempt})`,
  );
  if (rows.length > 0) throw fenced(token);
}

/** The entry after the last one. */
export async function nextEntry(link: Link): Promise<bigint> {
  const [row] = await link.rows(`SELECT coalesce(max(entry), 0) + 1 FROM ${WEIR_SCHEMA}.checkpoints`);
  return BigInt(String(row?.[0] ?? 1));
}

export interface Entry {
  readonly connection: string;
  readonly token: FencingToken;
  readonly entry: bigint;
  readonly checkpoints: readonly StoredCheckpoint[];
}

export async function addCheckpoints(
  link: Link,
  { connection, token, entry, checkpoints }: Entry,
): Promise<void> {
  if (checkpoints.length === 0) return;
  const rows = checkpoints.map(
    ({ stream, document }) =>
      `(${literal(storedText(connection))}, ${literal(storedText(stream))}, ${entry}, ${token.sync}, ${token.attempt}, ${literal(stringifyJson(document))}, now())`,
  );
  await link.run(`INSERT INTO ${WEIR_SCHEMA}.checkpoints VALUES ${rows.join(", ")}`);
}

/** Removes a stream's entries before `entry`. Only where no other transaction writes this stream. */
export async function pruneStream(
  link: Link,
  connection: string,
  stream: string,
  entry: bigint,
): Promise<void> {
  await link.run(
    `DELETE FROM ${WEIR_SCHEMA}.checkpoints WHERE connection = ${literal(storedText(connection))}
     AND stream = ${literal(storedText(stream))} AND entry < ${entry}`,
  );
}

export interface Reset {
  readonly stream: string;
  readonly document: JsonObject | null;
}

/** Replaces or removes checkpoints, within the caller's transaction. The fence stays as it is. */
export async function resetCheckpoints(
  link: Link,
  connection: string,
  resets: readonly Reset[],
): Promise<void> {
  const held = await readHeld(link, connection);
  const entry = await nextEntry(link);
  for (const { stream } of resets) await pruneStream(link, connection, stream, entry);
  const checkpoints = resets.flatMap(({ stream, document }) =>
    document === null ? [] : [{ stream, document }],
  );
  await addCheckpoints(link, {
    connection,
    token: held.token ?? { sync: 0, attempt: 0 },
    entry,
    checkpoints,
  });
}

function fenced(token: FencingToken): WeirError {
  return new WeirError({
    code: "destination.fenced",
    message: `Sync ${token.sync}, attempt ${token.attempt}, may not write any more: a later one has taken over this connection.`,
    next: "Nothing: the later one goes on from the last checkpoint. Run a connection from one place at a time.",
    recovery: "stop",
    origin: "destination",
  });
}

/** Halves of surrogate pairs, which UTF-8 cannot spell, and NUL, which ends a statement, are kept as JSON. */
export function storedText(text: string): string {
  return text.isWellFormed() && !text.includes("\0") && !text.startsWith('"') ? text : JSON.stringify(text);
}

function readText(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
