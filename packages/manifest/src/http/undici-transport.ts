import { WeirError } from "@weir/protocol";
import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from "undici";
import { AddressGuard } from "./address-guard.ts";
import { decompressed } from "./decompress.ts";
import { readAll } from "./page.ts";
import { transportError } from "./transport-errors.ts";
import type { IncomingResponse, OutgoingRequest, Transport } from "./transport.ts";

export interface UndiciTransportOptions {
  /** Addresses and networks that may be reached although they are not public, such as `10.0.0.0/8`. */
  readonly allowedRanges?: readonly string[];
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read from it, in either case. Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds: to connect, to the response's head, between two portions of its body. */
  readonly timeouts?: { readonly connect?: number; readonly head?: number; readonly body?: number };
}

export interface ClosableTransport extends Transport {
  /** Ends idle connections and waits for those in use. */
  close(): Promise<void>;
}

const CONNECT_MS = 30_000;
/** APIs that gather a report before they answer take minutes. */
const HEAD_MS = 600_000;
const BODY_MS = 300_000;
const MAX_REDIRECTS = 30;
/** What a redirect says beside its address is read to its end and thrown away. */
const MAX_REDIRECT_BYTES = 16 * 1024 * 1024;

/** Headers that belong to one connection; the client writes its own. */
const HOP_BY_HOP = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What another host may be told; everything else may be a credential. */
const NO_CREDENTIALS = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "user-agent",
]);

/** HTTP over the network, as Node's TLS trusts it (NODE_EXTRA_CA_CERTS included). */
export function undiciTransport(options: UndiciTransportOptions = {}): ClosableTransport {
  const guard = new AddressGuard(options.allowedRanges ?? []);
  const dispatcher = dispatcherOf(options, guard);
  return {
    send: async (request, signal) => {
      let next = request;
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        const response = await exchange(next, { dispatcher, guard, signal });
        const target = redirectTarget(next, response);
        if (target === null) return response;
        await readAll(response.body, MAX_REDIRECT_BYTES);
        next = redirected(next, target, response.status);
      }
      throw tooManyRedirects(request);
    },
    close: () => dispatcher.close(),
  };
}

function dispatcherOf(
  { env = process.env, timeouts = {} }: UndiciTransportOptions,
  guard: AddressGuard,
): Dispatcher {
  const read = (name: string): string | undefined => env[name.toLowerCase()] ?? env[name];
  const httpProxy = read("HTTP_PROXY");
  const httpsProxy = read("HTTPS_PROXY") ?? httpProxy;
  const agentOptions = {
    connect: { lookup: guard.lookup, timeout: timeouts.connect ?? CONNECT_MS },
    headersTimeout: timeouts.head ?? HEAD_MS,
    bodyTimeout: timeouts.body ?? BODY_MS,
    allowH2: false,
  };
  if (!httpProxy && !httpsProxy) return new Agent(agentOptions);
  return new EnvHttpProxyAgent({
    ...agentOptions,
    // A proxy is named by the machine's owner and resolves names itself: neither is looked at by the guard.
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    noProxy: read("NO_PROXY") ?? "",
  });
}

interface Way {
  readonly dispatcher: Dispatcher;
  readonly guard: AddressGuard;
  readonly signal: AbortSignal;
}

async function exchange(
  request: OutgoingRequest,
  { dispatcher, guard, signal }: Way,
): Promise<IncomingResponse> {
  const url = webAddress(request.url);
  guard.checkHost(url.hostname);
  try {
    const response = await send(url, {
      dispatcher,
      signal,
      method: request.method,
      headers: sentHeaders(request.headers),
      body:
        request.body === null
          ? null
          : typeof request.body === "string"
            ? request.body
            : Buffer.from(request.body),
    });
    const headers = joined(response.headers);
    const isEmpty = request.method === "HEAD" || response.statusCode === 204 || response.statusCode === 304;
    const body = isEmpty ? response.body : decompressed(response.body, headers["content-encoding"] ?? "");
    return { status: response.statusCode, headers, url: url.href, body: guarded(body, url.host, signal) };
  } catch (error) {
    signal.throwIfAborted();
    throw transportError(error, url.host);
  }
}

/** The body with failures on its way told as the contract says. */
async function* guarded(
  body: AsyncIterable<Uint8Array>,
  host: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    signal.throwIfAborted();
    throw transportError(error, host);
  }
}

function webAddress(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new WeirError({
      code: "http.address",
      message: `"${(text.split(/[?#]/, 1)[0] ?? "").slice(0, 200)}" is no address of the web.`,
      next: "Check the settings and the manifest: addresses begin with https://.",
      recovery: "ask",
      origin: "source",
    });
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

function sentHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
  const isOwn = kept.some(([name]) => name.toLowerCase() === "accept-encoding");
  return { ...(isOwn ? {} : { "Accept-Encoding": "gzip, deflate, br" }), ...Object.fromEntries(kept) };
}

function joined(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = ""]): [string, string] => [
      name.toLowerCase(),
      typeof value === "string" ? value : value.join(", "),
    ]),
  );
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function redirectTarget(request: OutgoingRequest, { status, headers }: IncomingResponse): string | null {
  const location = headers["location"];
  if (!REDIRECTS.has(status) || location === undefined || location === "") return null;
  return URL.parse(location, request.url)?.href ?? null;
}

/** The next request of a redirect, as browsers and Python's requests make it. Another host is told no credentials. */
function redirected(request: OutgoingRequest, target: string, status: number): OutgoingRequest {
  const isGet = status === 303 ? request.method !== "HEAD" : request.method === "POST" && status < 307;
  const isSame = isSameOrigin(request.url, target);
  const headers = Object.entries(request.headers).filter(([name]) => {
    const lower = name.toLowerCase();
    if (isGet && lower === "content-type") return false;
    return isSame || NO_CREDENTIALS.has(lower);
  });
  return {
    method: isGet ? "GET" : request.method,
    url: target,
    headers: Object.fromEntries(headers),
    // A body may hold credentials as well as a header.
    body: isGet || !isSame ? null : request.body,
  };
}

/** The same host and port, or the same host going from http to https. */
function isSameOrigin(from: string, to: string): boolean {
  const [one, other] = [URL.parse(from), URL.parse(to)];
  if (one === null || other === null) return false;
  if (one.origin === other.origin) return true;
  const isUpgrade =
    one.protocol === "http:" && other.protocol === "https:" && one.port === "" && other.port === "";
  return isUpgrade && one.hostname === other.hostname;
}

function tooManyRedirects({ url }: OutgoingRequest): WeirError {
  return new WeirError({
    code: "http.redirects",
    message: `${URL.parse(url)?.host ?? "The API"} redirected more than ${MAX_REDIRECTS} times.`,
    next: "Check the address; an API that redirects in a circle often misses credentials.",
    recovery: "stop",
    origin: "source",
  });
}
