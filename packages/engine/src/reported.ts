import type { FailureOrigin, LogLevel, LogMessage, Trace } from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";

/** What a connector told by a TRACE ERROR. */
export function reported(
  error: Extract<Trace, { readonly type: "ERROR" }>["error"],
  origin: FailureOrigin & ("source" | "destination") = "source",
): WeirError {
  const recovery = error.failure_type === "config_error" ? "ask" : "retry";
  return new WeirError({
    code: `${origin}.reported_${error.failure_type ?? "system_error"}`,
    message: error.message,
    next:
      recovery === "ask"
        ? `Correct the ${origin}'s configuration.`
        : "The sync is tried again; look at the log if it repeats.",
    recovery,
    origin,
    ...(error.internal_message === undefined ? {} : { detail: error.internal_message }),
    ...(error.stream_descriptor === undefined ? {} : { stream: streamKey(error.stream_descriptor) }),
  });
}

export function logLevelOf(level: LogMessage["log"]["level"]): LogLevel {
  if (level === "FATAL" || level === "ERROR") return "error";
  if (level === "WARN") return "warn";
  return level === "INFO" ? "info" : "debug";
}
