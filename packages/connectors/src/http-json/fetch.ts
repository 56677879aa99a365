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
  const decoder = new TextDecoder();
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
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
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
}

/** Only the host is named: a path or query may hold a secret. */
function failure(request: Request, { code, what, recovery }: Trouble, cause?: unknown): WeirError {
  const { host } = new URL(request.url);
  return new WeirError(
    {
      code,
      message: `${host} ${what}.`,
      next:
        recovery === "retry" ? "Wait and run again; look whether the server is up." : "Correct url or token.",
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
