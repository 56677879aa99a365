import { createHash } from "node:crypto";
import { WeirError } from "@weir/protocol";
import { fileError } from "./failures.ts";
import type { FoundFile } from "./found.ts";

/** As browsers have it. */
const MAX_REDIRECTS = 20;

/** Without the user and the query, which may hold a secret; queries are told apart by a digest. */
function keyOf(address: string): string {
  const url = new URL(address);
  const plain = `${url.origin}${url.pathname}`;
  if (url.search === "") return plain;
  return `${plain}#${createHash("sha256").update(url.search).digest("base64url").slice(0, 12)}`;
}

/** What a server says about a file. */
export async function httpFile(
  address: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<FoundFile> {
  const key = keyOf(address);
  const request = { url: address, key, token, signal };
  let response = await ask({ ...request, method: "HEAD" });
  // Some servers know GET only.
  if (response.status === 405 || response.status === 501 || response.status === 403) {
    response = await ask({ ...request, method: "GET" });
  }
  await response.body?.cancel().catch(() => undefined);
  if (!response.ok) throw statusError(key, response.status);
  return foundFile(key, address, response);
}

function foundFile(key: string, url: string, { headers }: Response): FoundFile {
  const length = headers.get("content-length");
  const encoded = (headers.get("content-encoding") ?? "identity") !== "identity";
  const at = Date.parse(headers.get("last-modified") ?? "");
  return {
    key,
    name: key,
    size: length === null || encoded ? undefined : Number(length),
    stamp: headers.get("etag") ?? headers.get("last-modified") ?? "",
    modified: Number.isNaN(at) ? 0 : at,
    place: { kind: "http", url },
  };
}

/**
 * The bytes of a file, whole. Never asked for in ranges: servers that ignore them send everything, and those that mend a
 * download may mend it with another version.
 */
export async function* httpBytes(
  file: FoundFile,
  token: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (file.place.kind !== "http") return;
  const { url } = file.place;
  const response = await ask({ url, key: file.key, token, signal, method: "GET" });
  try {
    if (!response.ok) throw statusError(file.key, response.status);
    const now = foundFile(file.key, url, response);
    const other =
      now.stamp !== file.stamp ||
      (file.size !== undefined && now.size !== undefined && now.size !== file.size);
    if (other) throw fileError("file_changed", file.name);
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      yield chunk;
    }
    const said = now.size ?? file.size;
    if (said !== undefined && said !== bytes) {
      throw fileError("unavailable", file.name, { what: `the server said ${said} bytes and sent ${bytes}` });
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    throw fileError("unavailable", file.name, { what: "the connection broke before the end", cause });
  } finally {
    await response.body?.cancel().catch(() => undefined);
  }
}

interface Asking {
  readonly url: string;
  readonly key: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly method: "GET" | "HEAD";
}

/** Follows redirects itself: a token goes to the server it is meant for, and nothing falls back from https to http. */
async function ask({ url, key, token, signal, method }: Asking): Promise<Response> {
  const first = new URL(url);
  const headers = new Headers({ "accept-encoding": "identity" });
  if (first.username !== "" || first.password !== "") {
    const user = `${decodeURIComponent(first.username)}:${decodeURIComponent(first.password)}`;
    headers.set("authorization", `Basic ${Buffer.from(user).toString("base64")}`);
  } else if (token !== undefined && first.protocol === "https:") {
    headers.set("authorization", `Bearer ${token}`);
  }
  let at = first;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    if (at.origin !== first.origin) headers.delete("authorization");
    const bare = new URL(at);
    bare.username = "";
    bare.password = "";
    const response = await fetch(bare, { method, headers, signal, redirect: "manual" }).catch(
      (cause: unknown) => {
        signal.throwIfAborted();
        throw fileError("unreachable", key, { cause });
      },
    );
    const target = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (target === null) return response;
    await response.body?.cancel().catch(() => undefined);
    const next = URL.canParse(target, at.href) ? new URL(target, at) : undefined;
    const wanted = next?.protocol === "https:" || (next?.protocol === "http:" && at.protocol === "http:");
    if (next === undefined || !wanted)
      throw fileError("refused", key, { what: "it redirects to where it may not" });
    at = next;
  }
  throw fileError("refused", key, { what: `it redirects more than ${MAX_REDIRECTS} times` });
}

function statusError(key: string, status: number): WeirError {
  const what = `the server answered ${status}`;
  return status === 429 || status >= 500
    ? fileError("unavailable", key, { what })
    : fileError("refused", key, { what });
}
