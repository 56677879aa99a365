import type { StreamPlan } from "@weir/protocol";
import { storedText } from "./ledger.ts";
import type { Link } from "./link.ts";
import { WEIR_SCHEMA } from "./names.ts";
import { literal } from "./sql.ts";

/**
 * The generation of each stream that last replaced its table, so that a finish whose answer was lost is known when it is
 * asked for again. Rows of the table do not tell: other connections count their generations and syncs from 1 too.
 */
const TABLE = `${WEIR_SCHEMA}.finished_loads`;

function ofStream(connection: string, { key }: StreamPlan): string {
  return `connection = ${literal(storedText(connection))} AND stream = ${literal(storedText(key))}`;
}

export async function isFinished(link: Link, connection: string, plan: StreamPlan): Promise<boolean> {
  const same = `${ofStream(connection, plan)} AND generation = ${plan.generation}`;
  return (await link.rows(`SELECT 1 FROM ${TABLE} WHERE ${same} LIMIT 1`)).length > 0;
}

export async function addFinished(link: Link, connection: string, plan: StreamPlan): Promise<void> {
  await forgetFinished(link, connection, plan);
  const values = [connection, plan.key].map((text) => literal(storedText(text)));
  await link.run(`INSERT INTO ${TABLE} VALUES (${values.join(", ")}, ${plan.generation})`);
}

/** A fresh load has not been finished, whatever a connection of this name did before. */
export async function forgetFinished(link: Link, connection: string, plan: StreamPlan): Promise<void> {
  await link.run(`DELETE FROM ${TABLE} WHERE ${ofStream(connection, plan)}`);
}
