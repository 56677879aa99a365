import { type Failure, isObject, type JsonObject, parseJson, WeirError } from "@weir/protocol";

/** The whole array is held in memory, several times over while it is parsed. */
const MAX_BYTES = 128 * 1024 * 1024;

/** The rows a URL answers with. */
export async function fetchRows(request: Request, signal: AbortSignal): Promise<readonly JsonObject[]> {
  const text = await answer(request, signal);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw failure(
      request,
      { code: "source.not_json", what: "did not answer with JSON", recovery: "ask" },
      cause,
    );
  }
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw failure(request, {
    code: "source.not_rows",
    what: "did not answer with an array of objects",
    recovery: "ask",
  });
}

async function answer(request: Request, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(request, { signal });
    if (response.ok) return await textOf(request, response);
    await response.body?.cancel();
    throw refused(request, response);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    const trouble = { code: "source.unreachable", what: "cannot be reached", recovery: "retry" } as const;
    throw failure(request, trouble, cause);
  }
}

async function textOf(request: Request, response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) {
      throw failure(request, {
        code: "source.too_large",
        what: `answered with more than ${MAX_BYTES} bytes`,
        recovery: "ask",
      });
    }
    text += decoded(request, () => decoder.decode(chunk, { stream: true }));
  }
  return text + decoded(request, () => decoder.decode());
}

function decoded(request: Request, decode: () => string): string {
  try {
    return decode();
  } catch (cause) {
    const what = "answered with bytes that are not UTF-8";
    const next = "Make the server answer in UTF-8, as JSON must be.";
    throw failure(request, { code: "source.not_utf8", what, next, recovery: "ask" }, cause);
  }
}

function refused(request: Request, { status }: Response): WeirError {
  const what = `answered ${status}`;
  if (status === 401 || status === 403)
    return failure(request, { code: "source.access_denied", what, recovery: "ask" });
  if (status === 429 || status >= 500)
    return failure(request, { code: "source.unavailable", what, recovery: "retry" });
  return failure(request, { code: "source.refused", what, recovery: "ask" });
}

interface Trouble {
  readonly code: string;
  readonly what: string;
  readonly recovery: Failure["recovery"];
  readonly next?: string;
}

const WAIT = "Wait and run again; look whether the server is up.";

/** Only the host is named: a path or query may hold a secret. */
function failure(request: Request, trouble: Trouble, cause?: unknown): WeirError {
  const { code, what, recovery } = trouble;
  const { host } = new URL(request.url);
  return new WeirError(
    {
      code,
      message: `${host} ${what}.`,
      next: trouble.next ?? (recovery === "retry" ? WAIT : "Correct url or token."),
      recovery,
      origin: "source",
      path: "url",
      ...(cause instanceof Error ? { detail: detailOf(cause) } : {}),
    },
    { cause },
  );
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function detailOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
