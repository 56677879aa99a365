export { formatDate, formatTime, formatTimestamp } from "./calendar.ts";
export { checkJson, hasNul, jsonTrouble } from "./json-text.ts";
export type { Misfit } from "./misfit.ts";
export { isMisfit } from "./misfit.ts";
export type { Decimal, RoundedDecimal } from "./number.ts";
export { parseDecimal, parseInteger, roundDecimal } from "./number.ts";
export type { TextReader } from "./reader.ts";
export { textReader } from "./reader.ts";
export { parseDate, parseTime, parseTimestamp } from "./temporal.ts";
