import { WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import type { ConnectionConfig } from "../connection-fields.ts";
import { openSession } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { literal } from "../quote.ts";
import type { Snapshot } from "./state.ts";

/** The oldest version that has all that is used here (pg_current_snapshot). */
const OLDEST_VERSION = 130_000;

/**
 * One view of the database for a whole attempt. A session holds it open and runs catalog queries; any number of other
 * sessions borrow it, each for one transaction, so that no lock on a user's table outlives the part that needed it.
 */
export interface SharedSnapshot {
  readonly version: number;
  /** As pg_encoding names it: UTF8, LATIN1, SQL_ASCII. */
  readonly encoding: string;
  readonly at: Snapshot;
  /** The session that holds the snapshot open: for catalog queries only, because an error would end the snapshot. */
  readonly keeper: Session;
  /** Begins a transaction that sees the snapshot. Ends with the signal. */
  borrow(signal: AbortSignal, settings?: Readonly<Record<string, string>>): Promise<Loan>;
  /** Frees every session. Never throws. */
  close(): Promise<void>;
}

export interface Loan {
  readonly session: Session;
  /** Ends the transaction and keeps the session for the next borrower. */
  giveBack(): Promise<void>;
  /** Ends the session at once, whatever it is doing. */
  drop(): void;
}

/** The output of every type in one form, whatever the server's, the database's or the user's settings are. */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: "pg_catalog, public",
  TimeZone: "UTC",
  DateStyle: "ISO, YMD",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "3",
  xmloption: "content",
  // A table locked by somebody else is an error in the end, not a sync that waits for ever.
  lock_timeout: "60s",
};

export async function openSnapshot(config: ConnectionConfig, signal: AbortSignal): Promise<SharedSnapshot> {
  const connect = (): Promise<Session> => openSession(config, { origin: "source", signal });
  const keeper = await connect();
  try {
    if (keeper.version < OLDEST_VERSION) throw tooOld(keeper.version);
    const before = await transactionsUnderWay(keeper);
    await begin(keeper, { search_path: "pg_catalog" });
    const [row] = await keeper.query<{ id: string; xmin: string; xmax: string; encoding: string }>(
      `SELECT pg_export_snapshot() AS id, current_setting('server_encoding') AS encoding,
              pg_snapshot_xmin(seen) AS xmin, pg_snapshot_xmax(seen) AS xmax FROM pg_current_snapshot() AS seen`,
    );
    if (row === undefined) throw new Error("pg_export_snapshot gave nothing");
    const at = snapshotOf(BigInt(row.xmin), BigInt(row.xmax), before);
    const idle = new Set<Session>();
    const open = new Set<Session>([keeper]);
    const borrow = async (
      part: AbortSignal,
      settings: Readonly<Record<string, string>> = {},
    ): Promise<Loan> => {
      part.throwIfAborted();
      const kept = idle.values().next().value;
      if (kept !== undefined) idle.delete(kept);
      const session = kept ?? (await connect());
      open.add(session);
      const drop = (): void => {
        part.removeEventListener("abort", drop);
        open.delete(session);
        session.cut();
      };
      part.addEventListener("abort", drop, { once: true });
      try {
        await begin(session, { ...SETTINGS, ...settings }, row.id);
        part.throwIfAborted();
      } catch (error) {
        drop();
        throw part.aborted ? part.reason : lost(error);
      }
      return {
        session,
        drop,
        giveBack: async () => {
          await session.query("COMMIT");
          part.removeEventListener("abort", drop);
          idle.add(session);
        },
      };
    };
    return {
      version: keeper.version,
      encoding: row.encoding,
      at,
      keeper,
      borrow,
      close: async () => {
        await Promise.all([...open].map((session) => session.close()));
      },
    };
  } catch (error) {
    await keeper.close();
    throw error;
  }
}

interface UnderWay {
  readonly xmax: bigint;
  readonly open: readonly bigint[] | "all";
}

/** More transactions than this between the oldest and the newest are not looked at one by one: 0.1 s for 100,000. */
const MAX_LOOKED_AT = 200_000;

/** More of them make no state. */
const MAX_OPEN = 1_000;

/**
 * The transactions under way now, with their subtransactions, which pg_current_snapshot leaves out. One that is not
 * among them, and has begun, has ended: every snapshot taken from now on sees what it committed.
 */
async function transactionsUnderWay(session: Session): Promise<UnderWay> {
  const [row] = await session.query<{ xmax: string; known: string; open: string | null }>(
    `SELECT seen.xmax, seen.xmax - seen.xmin <= ${MAX_LOOKED_AT} AS known,
            CASE WHEN seen.xmax - seen.xmin <= ${MAX_LOOKED_AT} THEN (
              SELECT pg_catalog.string_agg(id::text, ',' ORDER BY id) FROM pg_catalog.generate_series(seen.xmin, seen.xmax - 1) AS id
               WHERE pg_catalog.pg_xact_status(id::text::xid8) = 'in progress') END AS open
       FROM (SELECT pg_catalog.pg_snapshot_xmin(now)::text::int8 AS xmin, pg_catalog.pg_snapshot_xmax(now)::text::int8 AS xmax
               FROM pg_catalog.pg_current_snapshot() AS now) AS seen`,
  );
  const open = (row?.open ?? "").split(",").filter(Boolean).map(BigInt);
  return { xmax: BigInt(row?.xmax ?? 0), open: row?.known === "t" ? open : "all" };
}

/** What a snapshot sees, from its bounds and the transactions under way just before it was taken. */
function snapshotOf(xmin: bigint, xmax: bigint, before: UnderWay): Snapshot {
  const begun = xmax - before.xmax;
  if (before.open === "all" || begun > MAX_OPEN) return { xmin, xmax, open: xmin === xmax ? [] : "all" };
  const since = Array.from({ length: Number(begun) }, (_, index) => before.xmax + BigInt(index));
  const open = [...before.open, ...since].filter((id) => id >= xmin);
  return { xmin, xmax, open: open.length > MAX_OPEN ? "all" : open };
}

/** One round trip. The snapshot comes before anything else in a transaction. */
async function begin(
  session: Session,
  settings: Readonly<Record<string, string>>,
  snapshot?: string,
): Promise<void> {
  const sql = [
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    ...(snapshot === undefined ? [] : [`SET TRANSACTION SNAPSHOT ${literal(snapshot)}`]),
    ...Object.entries(settings).map(([name, value]) =>
      // A path is a list of names, every other setting one text.
      name === "search_path" ? `SET LOCAL search_path = ${value}` : `SET LOCAL ${name} = ${literal(value)}`,
    ),
  ];
  await session.query(sql.join("; "));
}

/** The keeper's session is gone, and with it the snapshot. */
function lost(error: unknown): unknown {
  if (!(error instanceof WeirError) || !["22023", "42704", "55000"].includes(sqlState(error))) return error;
  return new WeirError(
    {
      ...error.failure,
      code: "source.snapshot_lost",
      message: "The server no longer holds the snapshot this sync reads from.",
      next: "Nothing: the next attempt takes a new one and goes on from the last checkpoint.",
      recovery: "retry",
    },
    { cause: error },
  );
}

function tooOld(version: number): WeirError {
  return new WeirError({
    code: "source.server_too_old",
    message: `The server is PostgreSQL ${Math.floor(version / 10_000)}; reading needs version 13 or newer.`,
    next: "Upgrade the server, or read from a newer replica.",
    recovery: "stop",
    origin: "source",
  });
}
