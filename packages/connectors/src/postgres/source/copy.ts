import { WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { CopyQuery } from "./copy-query.ts";
import type { Loan, SharedSnapshot } from "./snapshot.ts";
import type { LeafId } from "./state.ts";

export interface CopyRequest {
  readonly snapshot: SharedSnapshot;
  /** The SELECT. */
  readonly query: string;
  /** COPY's options: `FORMAT binary`. */
  readonly options: string;
  /** Session settings beside the usual. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Tables that must not have been rewritten since the snapshot. */
  readonly leaves: readonly LeafId[];
  readonly stream: string;
  readonly signal: AbortSignal;
}

/** Bytes of a COPY as the server sends them, and its own count of rows, valid when they have ended. */
export interface CopyBytes {
  readonly chunks: AsyncIterable<Buffer>;
  readonly rows: () => number;
}

export function copyOut(request: CopyRequest): CopyBytes {
  let rows = 0;
  const count = (value: number): void => {
    rows = value;
  };
  return { chunks: chunksOf(request, count), rows: () => rows };
}

async function* chunksOf(request: CopyRequest, count: (rows: number) => void): AsyncGenerator<Buffer> {
  const { snapshot, signal } = request;
  const loan = await snapshot.borrow(signal, request.settings);
  let done = false;
  try {
    const sql = `COPY (${request.query}) TO STDOUT (${request.options})`;
    const copy = CopyQuery.run(loan.session.client, sql);
    yield* copy;
    await checkFiles(loan.session, request);
    count(copy.rows);
    await loan.giveBack();
    done = true;
  } catch (error) {
    throw signal.aborted ? signal.reason : loan.session.failure(error, request.stream);
  } finally {
    if (!done) loan.drop();
  }
}

/** Runs one query in a transaction on the snapshot. */
export async function queryOnce<Row extends Record<string, string | null>>(
  snapshot: SharedSnapshot,
  query: string,
  { stream, leaves, signal }: Pick<CopyRequest, "stream" | "leaves" | "signal">,
): Promise<readonly Row[]> {
  let loan: Loan | undefined;
  try {
    loan = await snapshot.borrow(signal);
    const rows = (await loan.session.client.query<Row>(query)).rows;
    await checkFiles(loan.session, { stream, leaves });
    await loan.giveBack();
    return rows;
  } catch (error) {
    loan?.drop();
    throw signal.aborted ? signal.reason : (loan?.session.failure(error, stream) ?? error);
  }
}

/**
 * TRUNCATE and rewriting ALTERs are not transactional for older snapshots: a table rewritten after the snapshot looks
 * empty to it. The table is locked from its first read to the end of the transaction, so the file that it has now is
 * the file that was read.
 */
async function checkFiles(
  session: Session,
  { leaves, stream }: Pick<CopyRequest, "leaves" | "stream">,
): Promise<void> {
  const stored = leaves.filter(({ file }) => file !== "0");
  if (stored.length === 0) return;
  const pairs = stored.map(({ oid, file }) => `(${oid}, ${file})`).join(", ");
  const [row] = await session.query<{ changed: string | null }>(
    `SELECT string_agg(oid::text, ', ') AS changed FROM (VALUES ${pairs}) AS leaf (oid, file)
      WHERE pg_relation_filenode(oid::oid) IS DISTINCT FROM file::oid`,
  );
  if (row?.changed === null) return;
  throw new WeirError({
    code: "source.table_rewritten",
    message: "The table was truncated or rewritten while it was read.",
    next: "Nothing: the next attempt reads it again.",
    recovery: "retry",
    origin: "source",
    stream,
    detail: `relations ${row?.changed ?? ""} have new files`,
  });
}
