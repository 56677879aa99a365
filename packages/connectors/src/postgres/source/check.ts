import type { CheckResult, Failure } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { literal } from "../quote.ts";
import { countRelations } from "./catalog.ts";
import type { SourceConfig } from "./config.ts";
import { openSnapshot } from "./snapshot.ts";

/** Everything a sync needs: a connection, a snapshot others can borrow, the schemas, and something to read. */
export async function check(config: SourceConfig, signal: AbortSignal): Promise<CheckResult> {
  const snapshot = await openSnapshot(config, signal);
  try {
    const { keeper } = snapshot;
    const loan = await snapshot.borrow(signal);
    await loan.giveBack();
    const [server] = await keeper.query<{ version: string }>(
      "SELECT current_setting('server_version') AS version",
    );
    const failures = await missingSchemas(config, keeper);
    const readable = await countRelations(keeper, { schemas: config.schemas });
    if (readable === 0 && failures.length === 0) failures.push(nothingReadable(config));
    const [first] = failures;
    if (first !== undefined) return { status: "FAILED", message: first.message, failures };
    const tables = readable === 1 ? "1 table or view" : `${readable} tables and views`;
    return {
      status: "SUCCEEDED",
      message: `PostgreSQL ${server?.version ?? ""}; ${tables} can be read.`,
      failures: [],
    };
  } finally {
    await snapshot.close();
  }
}

async function missingSchemas({ schemas, username }: SourceConfig, keeper: Session): Promise<Failure[]> {
  if (schemas.length === 0) return [];
  const rows = await keeper.query<{ name: string; usable: string }>(
    `SELECT nspname AS name, has_schema_privilege(oid, 'USAGE') AS usable FROM pg_namespace
      WHERE nspname IN (${schemas.map(literal).join(", ")})`,
  );
  const usable = new Map(rows.map((row) => [row.name, row.usable === "t"]));
  return schemas.flatMap((schema, index): readonly Failure[] => {
    const known = usable.get(schema);
    if (known === true) return [];
    return [
      {
        code: known === undefined ? "source.schema_missing" : "source.permission_denied",
        message:
          known === undefined
            ? `There is no schema ${schema}.`
            : `User ${username} may not use the schema ${schema}.`,
        next:
          known === undefined
            ? "Correct the name (its capitals count), or take it out of `schemas`."
            : `As its owner run: GRANT USAGE ON SCHEMA "${schema}" TO "${username}".`,
        recovery: "ask",
        origin: "source",
        path: `schemas.${index}`,
      },
    ];
  });
}

function nothingReadable({ database, schemas, username }: SourceConfig): Failure {
  const where = schemas.length === 0 ? `database ${database}` : `the schemas ${schemas.join(", ")}`;
  const schema = schemas[0] ?? "public";
  return {
    code: "source.nothing_readable",
    message: `User ${username} can read no table in ${where}.`,
    next: `As the owner run: GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO "${username}"; or create a table.`,
    recovery: "ask",
    origin: "source",
  };
}
