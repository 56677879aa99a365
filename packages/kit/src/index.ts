export { closest } from "./config/closest.ts";
export type { ConfigOf, ParsedConfig } from "./config/parse.ts";
export { ConfigError, parseConfig } from "./config/parse.ts";
export type { SpecOptions } from "./config/spec.ts";
export { specOf } from "./config/spec.ts";
export type { Schema, Static, TObject } from "./config/type.ts";
export { Type } from "./config/type.ts";
export type { DestinationDefinition, SourceDefinition } from "./define.ts";
export { defineDestination, defineSource } from "./define.ts";
export { makeFolder, replaceFile, syncFile, syncFolder, writeNew } from "./durable.ts";
export type { RecordDestinationDefinition } from "./record/destination.ts";
export { recordDestination } from "./record/destination.ts";
export type { RecordSourceDefinition } from "./record/source.ts";
export { recordSource } from "./record/source.ts";
export type { ReadRequest, RecordFields, RecordStep, RecordStream } from "./record/stream.ts";
export type { DestinationRow, HoldingWriter, RecordWriter, RowWriter } from "./record/writer.ts";
export type { BatchRow } from "./rows.ts";
export { rowsOf } from "./rows.ts";
export type { Decimal, Misfit, RoundedDecimal, TextReader } from "./values/index.ts";
export {
  checkJson,
  formatDate,
  formatTime,
  formatTimestamp,
  hasNul,
  isMisfit,
  jsonTrouble,
  parseDate,
  parseDecimal,
  parseInteger,
  parseTime,
  parseTimestamp,
  roundDecimal,
  textReader,
} from "./values/index.ts";
