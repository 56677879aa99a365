import type { CheckResult, Context, Failure } from "@weir/protocol";
import { failureOf } from "@weir/protocol";
import { openSession, type Session } from "../connection.ts";
import { sqlState } from "../failures.ts";
import { WEIR_SCHEMA } from "./names.ts";
import { type DestinationConfig, sessionSettings } from "./session.ts";
import { identifier, literal, tableText } from "./sql.ts";

/** The first version whose catalog has what destination/catalog.ts asks for. */
const OLDEST = 120_000;

/** Does for a moment what a sync does, in a transaction that is rolled back. */
export async function checkDestination(config: DestinationConfig, context: Context): Promise<CheckResult> {
  const { signal } = context;
  const session = await openSession(config, {
    origin: "destination",
    settings: sessionSettings("check"),
    signal,
  });
  try {
    if (session.version < OLDEST) return failed([tooOld(session.version)]);
    const failures: Failure[] = [];
    for (const schema of [config.schema, WEIR_SCHEMA]) {
      const failure = await trySchema(session, schema, config.username);
      signal.throwIfAborted();
      if (failure !== undefined) failures.push(failure);
    }
    return failures.length === 0 ? { status: "SUCCEEDED", failures } : failed(failures);
  } finally {
    await session.close();
  }
}

function failed(failures: readonly Failure[]): CheckResult {
  return { status: "FAILED", message: failures.map(({ message }) => message).join(" "), failures };
}

async function trySchema(session: Session, schema: string, user: string): Promise<Failure | undefined> {
  const table = tableText({ schema, name: "weir check" });
  try {
    await session.query("BEGIN");
    const [found] = await session.query<{ readonly there: string }>(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${literal(schema)}) AS there`,
    );
    if (found?.there !== "t") await session.query(`CREATE SCHEMA ${identifier(schema)}`);
    await session.query(`CREATE TABLE ${table} (value bigint)`);
    await session.query(`INSERT INTO ${table} VALUES (1)`);
    return undefined;
  } catch (error) {
    const failure = failureOf(error, "destination");
    if (sqlState(error) !== "42501") return failure;
    return {
      ...failure,
      message: `User ${user} may not create tables in schema ${schema}.`,
      next: `Run GRANT USAGE, CREATE ON SCHEMA ${identifier(schema)} TO ${identifier(user)}; if there is no such schema, CREATE SCHEMA ${identifier(schema)} AUTHORIZATION ${identifier(user)}.`,
      path: "schema",
    };
  } finally {
    await session.query("ROLLBACK").catch(() => undefined);
  }
}

function tooOld(version: number): Failure {
  return {
    code: "destination.server_too_old",
    message: `The server has version ${Math.floor(version / 10_000)} of PostgreSQL; Weir writes to version ${OLDEST / 10_000} and above.`,
    next: "Upgrade the server, or write to another one.",
    recovery: "ask",
    origin: "destination",
  };
}
