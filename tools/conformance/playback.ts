import type { Transport } from "@weir/manifest";
import { headersKey, requestKey } from "./canonical.ts";
import type { Exchange } from "./cassette.ts";

/** Requests of one read, each key with the headers it was sent with. */
export type Sent = ReadonlyMap<string, ReadonlySet<string>>;

export interface Playback {
  readonly transport: Transport;
  readonly sent: Sent;
}

/** A read that goes on asking long after the reference had stopped is cut off: it would never end. */
const EXTRA_REQUESTS = 200;

/** Answers requests as they were answered when the exchanges were recorded; others with status 599. */
export function playbackOf(exchanges: readonly Exchange[]): Playback {
  const answers = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const key = requestKey(exchange.request);
    answers.set(key, [...(answers.get(key) ?? []), exchange]);
  }
  const sent = new Map<string, Set<string>>();
  let left = exchanges.length * 3 + EXTRA_REQUESTS;
  const transport: Transport = {
    send: async (request) => {
      left -= 1;
      if (left < 0) throw new Error("Too many requests.");
      const key = requestKey(request);
      remember(sent, key, headersKey(request.headers));
      const queue = answers.get(key) ?? [];
      const exchange = queue.length > 1 ? queue.shift() : queue[0];
      const { status, headers, body } = exchange?.response ?? { status: 599, headers: {}, body: "" };
      const bytes = bytesOf(body);
      const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      return {
        status,
        headers: Object.fromEntries(names) as Readonly<Record<string, string>>,
        url: request.url,
        body: (async function* () {
          if (bytes.length > 0) yield bytes;
        })(),
      };
    },
  };
  return { transport, sent };
}

function bytesOf(body: Exchange["response"]["body"]): Uint8Array {
  if (body === null) return new Uint8Array();
  return typeof body === "string" ? Buffer.from(body) : Buffer.from(body.base64, "base64");
}

/** What the reference sent. */
export function sentIn(exchanges: readonly Exchange[]): Sent {
  const sent = new Map<string, Set<string>>();
  for (const { request } of exchanges) remember(sent, requestKey(request), headersKey(request.headers));
  return sent;
}

function remember(sent: Map<string, Set<string>>, key: string, headers: string): void {
  const seen = sent.get(key);
  if (seen === undefined) sent.set(key, new Set([headers]));
  else seen.add(headers);
}
