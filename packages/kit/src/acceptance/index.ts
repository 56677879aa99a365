export { HARD_FIELDS, HARD_STREAMS, identifiersOf } from "./destination/names.ts";
export { DestinationScene } from "./destination/scene.ts";
export { dumped, sqlDump } from "./destination/sql-dump.ts";
export type { DestinationBehaviour, DestinationSubject, DumpedRow } from "./destination/subject.ts";
export type { AcceptanceRow, Outcome, RowResult } from "./row.ts";
export { acceptanceRows } from "./rows.ts";
export type { SourceSubject } from "./source/subject.ts";
export { destinationRow, destinationSuite, rowsOfSide, sourceRow, sourceSuite } from "./suite.ts";
export { settle } from "./settle.ts";
