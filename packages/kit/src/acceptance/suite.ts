import { destinationProcedures } from "./destination/procedures.ts";
import { DestinationScene } from "./destination/scene.ts";
import type { DestinationSubject } from "./destination/subject.ts";
import type { AcceptanceRow, RowResult } from "./row.ts";
import { resultOf } from "./row.ts";
import { acceptanceRows } from "./rows.ts";
import { sourceProcedures } from "./source/procedures.ts";
import type { SourceSubject } from "./source/subject.ts";

/** The rows of one side, in the order in which they run. */
export function rowsOfSide(side: AcceptanceRow["side"]): readonly AcceptanceRow[] {
  return acceptanceRows.filter((row) => row.side === side);
}

/** One row for one destination. */
export async function destinationRow(id: string, subject: DestinationSubject): Promise<RowResult> {
  const procedure = destinationProcedures[id];
  if (procedure === undefined) throw new TypeError(`There is no row ${id} for destinations.`);
  const result = await resultOf(id, () => procedure(new DestinationScene(subject, id)));
  await subject.clean?.();
  return result;
}

/** One row for one source. */
export async function sourceRow(id: string, subject: SourceSubject): Promise<RowResult> {
  const procedure = sourceProcedures[id];
  if (procedure === undefined) throw new TypeError(`There is no row ${id} for sources.`);
  const result = await resultOf(id, () => procedure(subject));
  await subject.clean?.();
  return result;
}

/** Every row for one destination, each as it is done. */
export async function* destinationSuite(subject: DestinationSubject): AsyncGenerator<RowResult> {
  for (const { id } of rowsOfSide("destination")) yield destinationRow(id, subject);
}

/** Every row for one source, each as it is done. */
export async function* sourceSuite(subject: SourceSubject): AsyncGenerator<RowResult> {
  for (const { id } of rowsOfSide("source")) yield sourceRow(id, subject);
}
