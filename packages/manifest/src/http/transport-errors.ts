import { WeirError } from "@weir/protocol";

const TIMEOUTS = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

/** Nothing of the answer came, or its end did not. */
const RESETS = /^(?:UND_ERR_SOCKET|UND_ERR_RES_|UND_ERR_ABORTED|ECONNRESET|EPIPE|HPE_|Z_|ERR_|ECONNABORTED)/;

/** What a failed exchange means; `host` without anything secret. */
export function transportError(error: unknown, host: string): WeirError {
  const known = weirErrorIn(error);
  if (known !== null) return known;
  const code = codeOf(error);
  const detail = error instanceof Error ? `${code}: ${error.message}` : code;
  const make = (name: string, message: string, next: string): WeirError =>
    new WeirError(
      { code: name, message, next, recovery: "retry", origin: "source", detail },
      { cause: error },
    );
  if (code === "UND_ERR_INVALID_ARG" || code === "ERR_INVALID_CHAR")
    return new WeirError(
      {
        code: "http.request",
        message: `A request to ${host} cannot be written: a header or its address holds what may not be there.`,
        next: "Look for line breaks or unusual characters in the credentials and settings.",
        recovery: "ask",
        origin: "source",
        detail,
      },
      { cause: error },
    );
  if (TIMEOUTS.has(code))
    return make("http.timeout", `${host} did not answer in time.`, "Run the sync again later.");
  if (RESETS.test(code))
    return make("http.reset", `${host} broke off the connection.`, "Run the sync again later.");
  return make(
    "http.unreachable",
    `${host} cannot be reached (${code}).`,
    "Check the address, the network and the proxy settings.",
  );
}

/** The guard's refusal, wherever the client wrapped it. */
function weirErrorIn(error: unknown, depth = 0): WeirError | null {
  if (error instanceof WeirError) return error;
  if (!(error instanceof Error) || depth > 5) return null;
  if (error instanceof AggregateError)
    for (const inner of error.errors as readonly unknown[]) {
      const found = weirErrorIn(inner, depth + 1);
      if (found !== null) return found;
    }
  return weirErrorIn(error.cause, depth + 1);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error ? error.name : "unknown";
}
