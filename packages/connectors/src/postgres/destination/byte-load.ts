import type { LoadRequest, LoadResult } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { CopyIn } from "./copy-in.ts";
import type { CsvLineWriter } from "./csv-lines.ts";
import type { LineWriter } from "./lines.ts";
import { Outbox } from "./outbox.ts";
import { Progress } from "./progress.ts";
import { skipped } from "./refusal.ts";
import type { TupleWriter } from "./tuples.ts";

export interface ByteRoute {
  /** COPY with the columns that the writer writes. */
  readonly sql: string;
  readonly writer: (out: Outbox) => TupleWriter | LineWriter | CsvLineWriter;
}

/** Loads the bytes of another COPY, with Weir's columns put in. A row the server refuses fails the load. */
export async function loadBytes(
  session: Session,
  { sql, writer: open }: ByteRoute,
  chunks: AsyncIterable<Uint8Array>,
  request: LoadRequest,
): Promise<LoadResult> {
  const out = new Outbox();
  const writer = open(out);
  const progress = new Progress(request);
  let bytes = 0;
  let copy: CopyIn | undefined;
  try {
    for await (const chunk of chunks) {
      request.signal.throwIfAborted();
      const before = writer.rows;
      writer.push(chunk);
      bytes += chunk.length;
      if (writer.rows > 0) {
        copy ??= await CopyIn.start(session, sql);
        const messages = out.take(false);
        await copy.send(messages);
        out.sent(messages);
      }
      progress.add(writer.rows - before, chunk.length);
    }
    writer.end();
    progress.flush();
    if (request.read.form === "bytes") await request.read.file?.unchanged();
    const written = copy === undefined ? 0 : await finish(copy, out);
    return { received: writer.rows, written, rejected: 0, changed: 0, bytes };
  } catch (error) {
    await copy?.abandon();
    throw skipped(error);
  }
}

async function finish(copy: CopyIn, out: Outbox): Promise<number> {
  await copy.send(out.take(true));
  return copy.finish();
}
