import { type JsonValue, WeirError } from "@weir/protocol";
import type { Decoder } from "../components/decoder/contract.ts";
import type { PageResponse } from "../components/requester/contract.ts";
import { parseExact } from "./json.ts";
import type { IncomingResponse } from "./transport.ts";

/** The longest body that is kept: the longest text V8 holds is twice as long. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;

/** A response with its body at hand, or passing by where its decoder streams. */
export async function pageOf(response: IncomingResponse, decoder: Decoder): Promise<PageResponse> {
  const isOk = response.status < 400;
  return decoder.isStreamed && isOk
    ? streamedPage(response, decoder)
    : keptPage(response, await readAll(response.body), decoder);
}

export function keptPage(
  response: Pick<IncomingResponse, "status" | "headers" | "url">,
  body: Uint8Array,
  decoder: Decoder,
): PageResponse {
  const { status, headers, url } = response;
  let text: string | undefined;
  let parsed: { readonly value: JsonValue | undefined } | undefined;
  const textOf = (): string => (text ??= bodyText(body, headers["content-type"]));
  return {
    status,
    headers,
    url,
    ok: status < 400,
    get text() {
      return textOf();
    },
    json: () => (parsed ??= { value: jsonOf(textOf()) }).value,
    // Read anew at each call: transformations change records in place, and templates see the body as it came.
    decoded: () => decoder.decode(chunksOf(body), headers),
  };
}

function streamedPage(response: IncomingResponse, decoder: Decoder): PageResponse {
  const { status, headers, url } = response;
  let isTaken = false;
  return {
    status,
    headers,
    url,
    ok: true,
    text: null,
    json: () => undefined,
    decoded: () => {
      if (isTaken)
        throw new WeirError({
          code: "manifest.streamed",
          message: "A streamed body was asked for twice; it passes by once.",
          next: "Take a decoder that keeps the body, or leave `response` out of the paginator.",
          recovery: "stop",
          origin: "source",
        });
      isTaken = true;
      return decoder.decode(response.body, headers);
    },
  };
}

async function* chunksOf(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(body);
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return parseExact(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

export function bodyText(body: Uint8Array, contentType = ""): string {
  const charset = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(charset ?? "utf-8").decode(body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new TextDecoder().decode(body);
  }
}

/** All of a body. Fails with `http.too_large` when it is longer than `limit`. */
export async function readAll(
  body: AsyncIterable<Uint8Array>,
  limit: number = MAX_KEPT_BYTES,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

function tooLarge(limit: number): WeirError {
  return new WeirError({
    code: "http.too_large",
    message: `A response is longer than ${Math.floor(limit / 1024 / 1024)} MiB once unpacked.`,
    next: "Ask for smaller pages, or take a decoder that streams, such as JsonlDecoder or CsvDecoder.",
    recovery: "stop",
    origin: "source",
  });
}
