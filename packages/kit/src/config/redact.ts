import { type FailureOrigin, failureOf, WeirError } from "@weir/protocol";

const MASK = "**********";

/** Replaces secrets in texts, also as they look inside a URL. Longer ones first: one may hold another. */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]));
  return [...forms]
    .filter((form) => form !== "")
    .toSorted((a, b) => b.length - a.length)
    .reduce((masked, form) => masked.replaceAll(form, MASK), text);
}

/** The error as a WeirError with no secret in any of its texts. Drivers do repeat passwords in messages. */
export function redactedError(error: unknown, origin: FailureOrigin, secrets: readonly string[]): WeirError {
  const failure = failureOf(error, origin);
  const masked = {
    ...failure,
    message: redact(failure.message, secrets),
    next: redact(failure.next, secrets),
    ...(failure.detail === undefined ? {} : { detail: redact(failure.detail, secrets) }),
  };
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const clean = redact(stack, secrets);
  if (
    error instanceof WeirError &&
    clean === stack &&
    masked.detail === failure.detail &&
    masked.next === failure.next
  ) {
    return error;
  }
  const safe = new WeirError(masked);
  if (clean !== "") safe.stack = clean;
  return safe;
}
