import type { FencingToken, Held, JsonObject, StoredCheckpoint } from "@weir/protocol";
import { isObject, parseJson, stringifyJson, WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { WEIR_SCHEMA } from "./names.ts";
import { textArray } from "./sql.ts";

/**
 * Fences and checkpoints. A document is kept as `json`, not `jsonb`: it comes back as it was written, escaped NULs and
 * numbers included.
 */
const CREATE = `
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('${WEIR_SCHEMA}'));
DO $$ BEGIN
  IF to_regnamespace('${WEIR_SCHEMA}') IS NULL THEN
    CREATE SCHEMA ${WEIR_SCHEMA};
    COMMENT ON SCHEMA ${WEIR_SCHEMA} IS 'Kept by Weir: who may write, how far each stream has come, rows not yet shown.';
  END IF;
  IF to_regclass('${WEIR_SCHEMA}.fences') IS NULL THEN
    CREATE TABLE ${WEIR_SCHEMA}.fences (
      connection text PRIMARY KEY,
      sync bigint NOT NULL,
      attempt bigint NOT NULL,
      taken_at timestamptz NOT NULL DEFAULT now()
    );
  END IF;
  IF to_regclass('${WEIR_SCHEMA}.checkpoints') IS NULL THEN
    CREATE TABLE ${WEIR_SCHEMA}.checkpoints (
      connection text,
      stream text,
      sync bigint NOT NULL,
      attempt bigint NOT NULL,
      document json NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (connection, stream)
    );
  END IF;
END $$;
COMMIT`;

/** Runs a statement that needs the tables, making them when they are missing: they are there in all but the first sync. */
async function withTables<T>(session: Session, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await createTables(session);
    return act();
  }
}

/** Undefined table or schema. */
function isMissing(error: unknown): boolean {
  const state = sqlState(error);
  return state === "42P01" || state === "3F000";
}

async function createTables(session: Session): Promise<void> {
  try {
    await session.query(CREATE);
  } catch (error) {
    await session.query("ROLLBACK");
    if (sqlState(error) !== "42501") throw error;
    throw new WeirError(
      {
        code: "destination.permission_denied",
        message: `Weir may not create schema ${WEIR_SCHEMA}, where it keeps its checkpoints.`,
        next: `Run CREATE SCHEMA ${WEIR_SCHEMA} AUTHORIZATION <the user of this connection>, or grant that user CREATE on the database.`,
        recovery: "ask",
        origin: "destination",
      },
      { cause: error },
    );
  }
}

const HELD = `
SELECT fence.sync, fence.attempt, checkpoint.stream, checkpoint.document
FROM (SELECT $1::text AS connection) AS asked
LEFT JOIN ${WEIR_SCHEMA}.fences AS fence USING (connection)
LEFT JOIN ${WEIR_SCHEMA}.checkpoints AS checkpoint USING (connection)
ORDER BY checkpoint.stream`;

interface HeldRow extends Record<string, string | null> {
  readonly sync: string | null;
  readonly attempt: string | null;
  readonly stream: string | null;
  readonly document: string | null;
}

export async function readHeld(session: Session, connection: string): Promise<Held> {
  let rows: readonly HeldRow[];
  try {
    rows = await session.query<HeldRow>(HELD, [storedText(connection)]);
  } catch (error) {
    if (isMissing(error)) return { token: null, checkpoints: [] };
    throw error;
  }
  const [first] = rows;
  const token =
    first === undefined || first.sync === null || first.attempt === null
      ? null
      : { sync: Number(first.sync), attempt: Number(first.attempt) };
  const checkpoints = rows.flatMap(({ stream, document }): StoredCheckpoint[] => {
    const value = document === null ? null : parseJson(document);
    return stream !== null && isObject(value) ? [{ stream: readText(stream), document: value }] : [];
  });
  return { token, checkpoints };
}

const TAKE_FENCE = `
INSERT INTO ${WEIR_SCHEMA}.fences AS held (connection, sync, attempt) VALUES ($1, $2, $3)
ON CONFLICT (connection) DO UPDATE SET sync = excluded.sync, attempt = excluded.attempt, taken_at = now()
WHERE (held.sync, held.attempt) <= (excluded.sync, excluded.attempt)
RETURNING sync`;

/** Takes the fence, in a transaction of its own: the row's lock puts concurrent takers in order. */
export async function takeFence(session: Session, connection: string, token: FencingToken): Promise<void> {
  const taken = await withTables(session, () => session.query(TAKE_FENCE, fenceValues(connection, token)));
  if (taken.length === 0) throw fenced(token);
}

function fenceValues(connection: string, { sync, attempt }: FencingToken): readonly string[] {
  return [storedText(connection), String(sync), String(attempt)];
}

const SURPASSED = `
SELECT sync FROM ${WEIR_SCHEMA}.fences
WHERE connection = $1 AND (sync, attempt) > ($2::bigint, $3::bigint)`;

/** Fails when a later worker has taken the fence. Waits for no lock. */
export async function refuseIfSurpassed(
  session: Session,
  connection: string,
  token: FencingToken,
): Promise<void> {
  try {
    const held = await session.query(SURPASSED, fenceValues(connection, token));
    if (held.length > 0) throw fenced(token);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * The lock on the fence is held until the transaction ends: a `begin` that takes the fence meanwhile waits, and one that
 * came first makes this write nothing. KEY SHARE would not do, because taking the fence changes no key.
 */
const PUT = `
WITH fence AS (
  SELECT connection, sync, attempt FROM ${WEIR_SCHEMA}.fences
  WHERE connection = $1 AND sync = $2 AND attempt = $3
  FOR SHARE
), put AS (
  INSERT INTO ${WEIR_SCHEMA}.checkpoints (connection, stream, sync, attempt, document)
  SELECT fence.connection, given.stream, fence.sync, fence.attempt, given.document::json
  FROM fence, unnest($4::text[], $5::text[]) AS given (stream, document)
  ON CONFLICT (connection, stream) DO UPDATE
  SET sync = excluded.sync, attempt = excluded.attempt, document = excluded.document, updated_at = now()
)
SELECT sync FROM fence`;

/** Compares the token and writes the checkpoints, within the caller's transaction or as one of its own. */
export async function putCheckpoints(
  session: Session,
  connection: string,
  token: FencingToken,
  checkpoints: readonly StoredCheckpoint[],
): Promise<void> {
  const fence = await session.query(PUT, [
    ...fenceValues(connection, token),
    textArray(checkpoints.map(({ stream }) => storedText(stream))),
    textArray(checkpoints.map(({ document }) => documentText(document))),
  ]);
  if (fence.length === 0) throw fenced(token);
}

const RESET = `
WITH given AS (
  SELECT stream, document FROM unnest($2::text[], $3::text[]) AS given (stream, document)
), removed AS (
  DELETE FROM ${WEIR_SCHEMA}.checkpoints
  WHERE connection = $1 AND stream IN (SELECT stream FROM given WHERE document IS NULL)
)
INSERT INTO ${WEIR_SCHEMA}.checkpoints (connection, stream, sync, attempt, document)
SELECT $1, given.stream, coalesce(fence.sync, 0), coalesce(fence.attempt, 0), given.document::json
FROM given LEFT JOIN ${WEIR_SCHEMA}.fences AS fence ON fence.connection = $1
WHERE given.document IS NOT NULL
ON CONFLICT (connection, stream) DO UPDATE SET document = excluded.document, updated_at = now()`;

export async function resetCheckpoints(
  session: Session,
  connection: string,
  checkpoints: readonly { readonly stream: string; readonly document: StoredCheckpoint["document"] | null }[],
): Promise<void> {
  const values = [
    storedText(connection),
    textArray(checkpoints.map(({ stream }) => storedText(stream))),
    textArray(checkpoints.map(({ document }) => (document === null ? null : documentText(document)))),
  ];
  await withTables(session, () => session.query(RESET, values));
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

/** JSON in ASCII, which a database in any encoding can keep. */
function documentText(document: JsonObject): string {
  return stringifyJson(document).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** NUL and halves of surrogate pairs, which PostgreSQL's text cannot hold, and the mark that stands before their code. */
const UNSTORABLE = /[\0\u{1}]|\p{Surrogate}/gu;
const MARKED = /\u{1}([0-9a-f]{4})/gu;

function storedText(text: string): string {
  return text.replaceAll(UNSTORABLE, (found) => `\u{1}${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function readText(text: string): string {
  return text.replaceAll(MARKED, (_found, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
