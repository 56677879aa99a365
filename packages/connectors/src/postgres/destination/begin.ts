import type { BeginRequest, Context, FencingToken, SchemaNote } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { lookAt } from "./catalog.ts";
import { putCheckpoints, refuseIfSurpassed, takeFence } from "./ledger.ts";
import { refuseSharedTables, stageHash } from "./names.ts";
import { literal, tableText, textArray, transaction } from "./sql.ts";
import { type Preparation, prepare, tablesOf } from "./tables.ts";
import { lookUpNativeTypes, type NativeTypes } from "./types.ts";

export interface BeginScene {
  readonly connection: string;
  readonly defaultSchema: string;
  readonly context: Context;
  /** Server processes of this very session, which are no leftovers. */
  pids(): readonly string[];
  /** Told every change that was made. A `begin` that fails has made those before its failure. */
  changed(notes: readonly SchemaNote[]): void;
}

export interface Begun {
  readonly preparations: readonly Preparation[];
  readonly natives: NativeTypes;
}

/**
 * Takes the fence, makes the tables what the plans need, and stores the checkpoints in the transaction that drops staged
 * rows. Four round trips where all is as it should be.
 */
export async function begin(session: Session, scene: BeginScene, request: BeginRequest): Promise<Begun> {
  const { connection, defaultSchema } = scene;
  const { streams, token, checkpoints } = request;
  refuseSharedTables(streams, defaultSchema);
  const patient = new Patience(session, scene, token);
  await patient.try(() => takeFence(session, connection, token));
  const natives = await lookUpNativeTypes(session, streams);
  const preparations = await prepareAll({ session, scene, request, natives, patient });
  const discards = [
    ...preparations.flatMap((preparation) => preparation.discards),
    ...(await fullStages(session, preparations)).map((stage) => `TRUNCATE ${stage}`),
  ];
  const keep = (): Promise<void> => putCheckpoints(session, connection, token, checkpoints);
  if (discards.length > 0) await patient.try(() => discard(session, discards, keep));
  else if (checkpoints.length > 0) await keep();
  await endBlockers(session, scene, preparations);
  return { preparations, natives };
}

/**
 * `finish` waits for locks as long as it must, so whoever was surpassed and holds some must not keep them: a stopped
 * process holds its transaction open for ever, and cannot commit it. One round trip where rows are staged.
 */
async function endBlockers(
  session: Session,
  scene: BeginScene,
  preparations: readonly Preparation[],
): Promise<void> {
  const staged = preparations.flatMap(({ target }) =>
    target.plan.mode === "append" ? [] : [tableText(target.load), tableText(target.final)],
  );
  if (staged.length > 0) await session.query(END_BLOCKERS, [scene.pids().join(","), textArray(staged)]);
}

interface PrepareScene {
  readonly session: Session;
  readonly scene: BeginScene;
  readonly request: BeginRequest;
  readonly natives: NativeTypes;
  readonly patient: Patience;
}

async function prepareAll(input: PrepareScene): Promise<readonly Preparation[]> {
  const { clock, signal } = input.scene.context;
  if (input.request.streams.length === 0) return [];
  for (let tries = 1; ; tries++) {
    try {
      return await lookAndPrepare(input);
    } catch (error) {
      // Another connection made the same schema, table or column at the same moment: look again.
      if (!MADE_MEANWHILE.has(sqlState(error)) || tries === 5) throw error;
      await clock.sleep(50 * tries, signal);
    }
  }
}

/** Duplicate schema, table, column; and unique_violation, which the catalog's own indexes say when two race. */
const MADE_MEANWHILE: ReadonlySet<string> = new Set(["42P06", "42P07", "42701", "23505"]);

async function lookAndPrepare({
  session,
  scene,
  request,
  natives,
  patient,
}: PrepareScene): Promise<readonly Preparation[]> {
  const { connection, defaultSchema } = scene;
  const { streams } = request;
  const tables = streams.flatMap((plan) => tablesOf(plan, connection, defaultSchema));
  const hashes = streams.map(({ key }) => stageHash(connection, key));
  const view = await lookAt(session, tables, hashes);
  const preparations = streams.map((plan) => prepare({ plan, connection, defaultSchema, view, natives }));
  // All can be refused before anything is changed; now each stream gets a transaction of its own, because a server has
  // room for only so many locks in one.
  for (const { statements, notes, target } of preparations) {
    if (statements.length > 0) await patient.try(() => run(session, statements, target.plan.key));
    scene.changed(notes);
  }
  return preparations;
}

async function run(session: Session, statements: readonly string[], stream: string): Promise<void> {
  try {
    await session.query(transaction(statements));
  } catch (error) {
    await session.query("ROLLBACK");
    throw tableTrouble(error, stream);
  }
}

/** The stages that hold rows of an earlier load, most often none. One round trip. */
async function fullStages(
  session: Session,
  preparations: readonly Preparation[],
): Promise<readonly string[]> {
  const stages = preparations.flatMap(({ stale }) => (stale === undefined ? [] : [tableText(stale)]));
  if (stages.length === 0) return [];
  const asked = stages.map(
    (stage) => `SELECT ${literal(stage)} AS stage WHERE EXISTS (SELECT FROM ${stage})`,
  );
  const full = await session.query<{ readonly stage: string }>(asked.join(" UNION ALL "));
  return full.map(({ stage }) => stage);
}

async function discard(
  session: Session,
  statements: readonly string[],
  keep: () => Promise<void>,
): Promise<void> {
  try {
    await session.query(["BEGIN", ...statements].join(";\n"));
    await keep();
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK");
    throw error;
  }
}

const TRIES = 3;
const PAUSE_MS = 1000;

/**
 * Tries again what another session's lock stopped. After the first time the leftovers of this connection are ended:
 * sessions of a worker believed dead, which may hold locks until the network gives them up and cannot commit anyway.
 */
class Patience {
  readonly #session: Session;
  readonly #scene: BeginScene;
  readonly #token: FencingToken;

  constructor(session: Session, scene: BeginScene, token: FencingToken) {
    this.#session = session;
    this.#scene = scene;
    this.#token = token;
  }

  async try<T>(act: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#scene.context;
    for (let tries = 1; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (sqlState(error) !== "55P03") throw error;
        if (tries === TRIES) throw locked(error, await this.#holders());
        // Whoever is surpassed must not try again, and ends nobody's session.
        await refuseIfSurpassed(this.#session, this.#scene.connection, this.#token);
        await this.#session.query(END_LEFTOVERS, [this.#scene.pids().join(",")]);
        await clock.sleep(PAUSE_MS, signal);
      }
    }
  }

  async #holders(): Promise<string> {
    const rows = await this.#session.query<{ readonly who: string }>(HOLDERS, [this.#scene.pids().join(",")]);
    return rows.map(({ who }) => who).join("; ");
  }
}

/** Sessions of one connection share their application_name (session.ts). */
const END_LEFTOVERS = `
SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE application_name = current_setting('application_name') AND usename = current_user
  AND datname = current_database() AND pid <> ALL (string_to_array($1, ',')::int[])`;

const END_BLOCKERS = `
SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE application_name = current_setting('application_name') AND usename = current_user
  AND datname = current_database() AND pid <> ALL (string_to_array($1, ',')::int[])
  AND pid IN (
    SELECT pid FROM pg_catalog.pg_locks
    WHERE locktype = 'relation' AND relation IN (SELECT to_regclass(name) FROM unnest($2::text[]) AS given (name))
  )`;

/** Who has had a transaction open for longest: those locks are most likely in the way. */
const HOLDERS = `
SELECT format('process %s of user %s (%s), in a transaction since %s', pid, usename,
  coalesce(nullif(application_name, ''), 'no name'), date_trunc('second', xact_start)) AS who
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> ALL (string_to_array($1, ',')::int[])
ORDER BY xact_start LIMIT 3`;

function locked(error: unknown, holders: string): WeirError {
  return new WeirError(
    {
      code: "destination.locked",
      message: `Other sessions hold locks on tables that Weir must change${holders === "" ? "." : `: ${holders}.`}`,
      next: "Wait until they have ended, or end them with pg_terminate_backend; the sync tries again by itself.",
      recovery: "retry",
      origin: "destination",
    },
    { cause: error },
  );
}

/** What the server says about a table it cannot make or change, in a form that says what to do. */
function tableTrouble(error: unknown, stream: string): unknown {
  const state = sqlState(error);
  const [what, next] =
    state === "0A000" || state === "2BP01" || state.startsWith("22")
      ? [
          "column_not_widened",
          "Drop the view, index or policy that uses the column and make it again after the sync, or refresh the stream into a new table.",
        ]
      : state.startsWith("54")
        ? [
            "table_too_wide",
            "Select fewer fields: a table has at most 1,600 columns, and only so much of a row fits into a page.",
          ]
        : [];
  if (what === undefined || next === undefined) return ofStream(error, stream);
  const said = error instanceof WeirError ? (error.failure.detail ?? error.message) : String(error);
  return new WeirError(
    {
      code: `destination.${what}`,
      message: `The table of stream ${stream} cannot be made to hold what the source sends: ${said}`,
      next,
      recovery: "ask",
      origin: "destination",
      stream,
    },
    { cause: error },
  );
}

/** What neither time nor another try mends is about this table, and none of the others'. */
function ofStream(error: unknown, stream: string): unknown {
  if (!(error instanceof WeirError) || error.failure.recovery === "retry") return error;
  return new WeirError({ ...error.failure, stream }, { cause: error.cause ?? error });
}
