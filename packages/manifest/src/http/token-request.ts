import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import type { Services } from "../component.ts";
import { parseExact } from "./json.ts";
import { readAll } from "./page.ts";
import type { OutgoingRequest } from "./transport.ts";

/** No answer with a token is longer. */
const MAX_TOKEN_BYTES = 4 * 1024 * 1024;
/** Seconds that tries for one token take together. */
const MAX_SECONDS = 300;

export interface TokenFailures {
  readonly statuses: readonly number[];
  readonly key: string;
  readonly values: readonly string[];
}

/**
 * Sends a request for a token until it is answered: again after a lost connection, 429 and 5xx, with waits that grow at
 * random. Gives the answer's JSON.
 */
export async function requestToken(
  request: OutgoingRequest,
  services: Services,
  signal: AbortSignal,
  failures: TokenFailures = { statuses: [], key: "", values: [] },
): Promise<JsonValue> {
  const { clock, log } = services.context;
  const since = clock.now();
  // A clock that stands still, as in playbacks, has waited all the same.
  let waited = 0;
  for (let tries = 0; ; tries++) {
    const answer = await tried(request, services, signal);
    if (!(answer instanceof WeirError) && answer.status < 400) return bodyOf(answer.body);
    const isLasting = !(answer instanceof WeirError) && answer.status !== 429 && answer.status < 500;
    const left = MAX_SECONDS - Math.max(waited, (clock.now() - since) / 1000);
    if (isLasting || left <= 0) throw answer instanceof WeirError ? answer : refused(answer, failures);
    const seconds = Math.min(services.random() * 2 ** Math.min(tries, 20), left);
    log("warn", `The request for a token is sent again in ${seconds.toFixed(1)} seconds.`, {
      attempt: tries + 1,
    });
    await clock.sleep(seconds * 1000, signal);
    waited += seconds;
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function tried(
  request: OutgoingRequest,
  { transport }: Services,
  signal: AbortSignal,
): Promise<Answer | WeirError> {
  try {
    const response = await transport.send(request, signal);
    return {
      status: response.status,
      body: new TextDecoder().decode(await readAll(response.body, MAX_TOKEN_BYTES)),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof WeirError && error.failure.recovery === "retry") return error;
    throw error;
  }
}

function bodyOf(text: string): JsonValue {
  try {
    return parseExact(text);
  } catch (error) {
    throw new WeirError(
      {
        code: "http.token",
        message: "The answer to the request for a token is no JSON.",
        next: "Check the address of the token endpoint and the credentials.",
        recovery: "ask",
        origin: "source",
      },
      { cause: error },
    );
  }
}

function refused({ status, body }: Answer, { statuses, key, values }: TokenFailures): WeirError {
  const isKnown = statuses.includes(status) && values.includes(stringAt(body, key));
  const isTransient = status === 429 || status >= 500;
  return new WeirError({
    code: "http.token",
    message: isKnown
      ? "The refresh token is invalid or has expired."
      : `The request for a token was refused with status ${status}.`,
    next: isTransient
      ? "Run the sync again later."
      : "Authenticate again, or check client id, client secret and refresh token in the configuration.",
    recovery: isTransient ? "retry" : "ask",
    origin: "source",
  });
}

function stringAt(body: string, key: string): string {
  try {
    const value = parseExact(body);
    const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return typeof found === "string" ? found : "";
  } catch (error) {
    if (error instanceof SyntaxError) return "";
    throw error;
  }
}

/** Deeper than this an answer holds no token. */
const MAX_DEPTH = 5;

/** The value of a key in an answer: at its root, else the first found in what lies inside. */
export function findKey(value: JsonValue | undefined, key: string, depth = 0): JsonValue | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (isObject(value) && Object.hasOwn(value, key)) return value[key];
  const inner = Array.isArray(value)
    ? (value as readonly JsonValue[])
    : isObject(value)
      ? membersOf(value)
      : [];
  for (const member of inner) {
    const found = findKey(member, key, depth + 1);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

function membersOf(value: JsonObject): readonly (JsonValue | undefined)[] {
  return Object.values(value);
}
