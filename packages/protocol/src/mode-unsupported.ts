import type { StreamPlan, WriteMode } from "./destination.ts";
import { WeirError } from "./errors.ts";

/** What a destination says of a stream whose mode it does not have. */
export function modeUnsupported(stream: StreamPlan, modes: readonly WriteMode[]): WeirError {
  return new WeirError({
    code: "destination.mode_unsupported",
    message: `Stream ${stream.key} is to be written in mode ${stream.mode}, which this destination cannot.`,
    next: `Choose a sync mode that writes by ${modes.join(" or ")}.`,
    recovery: "ask",
    origin: "destination",
    stream: stream.key,
  });
}
