import { type Recovery, WeirError } from "@weir/protocol";
import type { Resolution } from "../components/error-handler/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { errorMessageOf } from "./message-search.ts";

const RECOVERY: Readonly<Record<NonNullable<Resolution["failureType"]>, Recovery>> = {
  config_error: "ask",
  system_error: "stop",
  transient_error: "retry",
};

const NEXT: Readonly<Record<Recovery, string>> = {
  ask: "Check the credentials and settings of this source, and what they are allowed to read.",
  stop: "Check whether the API changed; the manifest may need another version.",
  retry: "Run the sync again later.",
  skip: "Run the sync again later.",
};

/** The handler's FAIL, with what the API said. */
export function refused(request: string, outcome: PageResponse | Error, resolution: Resolution): WeirError {
  const recovery = RECOVERY[resolution.failureType ?? "system_error"];
  const said = outcome instanceof Error ? outcome.message : saidBy(outcome);
  return new WeirError({
    code: "manifest.response",
    message: resolution.message || `${request} failed: ${said}`,
    next: NEXT[recovery],
    recovery,
    origin: "source",
    detail: `${request}: ${said}`,
  });
}

/** No try left. */
export function exhausted(request: string, outcome: PageResponse | Error, resolution: Resolution): WeirError {
  const said = outcome instanceof Error ? outcome.message : saidBy(outcome);
  const isLimited = !(outcome instanceof Error) && outcome.status === 429;
  return new WeirError(
    {
      code: isLimited ? "http.rate_limited" : "http.exhausted",
      message: isLimited
        ? `${request} met the API's rate limit at every try.`
        : `${request} failed at every try: ${resolution.message || said}`,
      next: "Run the sync again later; if it repeats, look at the API's status page and limits.",
      recovery: "retry",
      origin: "source",
      detail: `${request}: ${said}`,
    },
    outcome instanceof Error ? { cause: outcome } : {},
  );
}

function saidBy(response: PageResponse): string {
  return `status ${response.status}, ${(errorMessageOf(response) ?? "no message").slice(0, 1000)}`;
}
