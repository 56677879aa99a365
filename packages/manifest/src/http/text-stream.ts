import { TextDecoder } from "node:util";
import { WeirError } from "@weir/protocol";

/** A record, row or line longer than this is no record. */
const MAX_LINE = 64 * 1024 * 1024;

/** A body's text in portions, decoded as the encoding says (a name that Python or the WHATWG knows). */
export async function* textOfChunks(
  chunks: AsyncIterable<Uint8Array>,
  encoding = "utf-8",
): AsyncGenerator<string> {
  const decoder = decoderOf(encoding);
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== "") yield text;
  }
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}

function decoderOf(encoding: string): TextDecoder {
  const name = encoding
    .toLowerCase()
    .replaceAll("_", "-")
    .replace(/^utf(\d)/, "utf-$1")
    .replace("utf-8-sig", "utf-8");
  try {
    return new TextDecoder(name);
  } catch (error) {
    throw new WeirError(
      {
        code: "manifest.encoding",
        message: `The encoding "${encoding.slice(0, 50)}" is not known.`,
        next: "Correct the decoder's encoding in the manifest.",
        recovery: "stop",
        origin: "source",
      },
      { cause: error },
    );
  }
}

/** Lines without their ends, as Python's file iteration (`\n` only) or its splitlines divide them. */
export async function* linesOf(texts: AsyncIterable<string>, ends: RegExp = /\r?\n/): AsyncGenerator<string> {
  let rest = "";
  for await (const text of texts) {
    if (!ends.test(text)) {
      rest += text;
      if (rest.length > MAX_LINE) throw tooLong();
      continue;
    }
    const lines = (rest + text).split(ends);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function tooLong(): WeirError {
  return new WeirError({
    code: "manifest.decode",
    message: `A line of the response is longer than ${MAX_LINE / 1024 / 1024} MiB.`,
    next: "Check whether the decoder fits what the API sends.",
    recovery: "stop",
    origin: "source",
  });
}

export function undecodable(what: string, cause?: unknown): WeirError {
  return new WeirError(
    {
      code: "manifest.decode",
      message: what,
      next: "Check whether the decoder fits what the API sends.",
      recovery: "stop",
      origin: "source",
    },
    cause === undefined ? {} : { cause },
  );
}
