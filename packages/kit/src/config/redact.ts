import { type FailureOrigin, failureOf, type JsonObject, secretsOf, Strike, WeirError } from "@weir/protocol";

/** Strikes the secrets of a configuration, short ones inside words too: what drivers and servers say is not ours. */
export function strikeFor(schema: JsonObject, config: JsonObject): Strike {
  return new Strike(secretsOf(schema, config), { short: "anywhere" });
}

/** The error as a WeirError with no secret in any of its texts. Drivers do repeat passwords in messages. */
export function redactedError(error: unknown, origin: FailureOrigin, strike: Strike): WeirError {
  const failure = failureOf(error, origin);
  const masked = {
    ...failure,
    message: strike.text(failure.message),
    next: strike.text(failure.next),
    ...(failure.detail === undefined ? {} : { detail: strike.text(failure.detail) }),
  };
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const clean = strike.text(stack);
  if (
    error instanceof WeirError &&
    clean === stack &&
    masked.message === failure.message &&
    masked.detail === failure.detail &&
    masked.next === failure.next
  ) {
    return error;
  }
  const safe = new WeirError(masked);
  if (clean !== "") safe.stack = clean;
  return safe;
}
