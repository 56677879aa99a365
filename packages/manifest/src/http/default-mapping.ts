import type { Resolution } from "../components/error-handler/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { errorMessageOf } from "./message-search.ts";

const BY_STATUS: ReadonlyMap<number, Resolution> = new Map([
  [400, fail("system_error", "The API calls the request wrong (status 400).")],
  [401, fail("config_error", "The API does not accept the credentials (status 401).")],
  [403, fail("config_error", "The credentials may not read this (status 403).")],
  [404, fail("system_error", "The API knows no such thing (status 404).")],
  [405, fail("system_error", "The API does not allow this method (status 405).")],
  [408, again("The API waited too long for the request (status 408).")],
  [
    429,
    {
      action: "RATE_LIMITED",
      failureType: "transient_error",
      message: "The API's rate limit is reached (status 429).",
    },
  ],
  [500, again("The API failed (status 500).")],
  [502, again("The API's gateway failed (status 502).")],
  [503, again("The API is not available (status 503).")],
  [504, again("The API's gateway waited too long (status 504).")],
]);

function fail(failureType: "system_error" | "config_error", message: string): Resolution {
  return { action: "FAIL", failureType, message };
}

function again(message: string): Resolution {
  return { action: "RETRY", failureType: "transient_error", message };
}

/** What a status means where the manifest says nothing; undefined for those that nobody listed. */
export function mappedStatus(status: number): Resolution | undefined {
  return BY_STATUS.get(status);
}

/** What becomes of an outcome that no filter of the manifest names. */
export function defaultResolution(outcome: PageResponse | Error): Resolution {
  if (outcome instanceof Error)
    return { action: "RETRY", failureType: "system_error", message: outcome.message };
  if (outcome.ok) return { action: "SUCCESS" };
  const said = errorMessageOf(outcome)?.slice(0, 1000) ?? "";
  return (
    mappedStatus(outcome.status) ?? {
      action: "RETRY",
      failureType: "system_error",
      message: `The API answered with status ${outcome.status}${said === "" ? "." : `: ${said}`}`,
    }
  );
}
