export { addDuration, Duration, parseDuration } from "./duration.ts";
export { formatByFormat, parseByFormat } from "./formats.ts";
export { parseIso, parseIsoUtc } from "./iso.ts";
export { CalendarDate, Moment, UTC, type Zone } from "./moment.ts";
export { strftime } from "./strftime.ts";
export { strptime } from "./strptime.ts";
export { Timedelta } from "./timedelta.ts";
export { dateInZone } from "./zones.ts";
