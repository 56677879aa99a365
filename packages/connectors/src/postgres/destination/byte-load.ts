import type { LoadRequest, LoadResult } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { CopyIn } from "./copy-in.ts";
import { CsvLineWriter } from "./csv-lines.ts";
import type { MetaTexts } from "./defaults.ts";
import { LineWriter } from "./lines.ts";
import { Outbox } from "./outbox.ts";
import { Progress } from "./progress.ts";
import { skipped } from "./refusal.ts";
import { TupleWriter } from "./tuples.ts";

/** Loads the bytes of another COPY, with Weir's columns put in. A row the server refuses fails the load. */
export async function loadBytes(
  session: Session,
  sql: string,
  chunks: AsyncIterable<Uint8Array>,
  { request, texts }: { readonly request: LoadRequest; readonly texts: MetaTexts },
): Promise<LoadResult> {
  const out = new Outbox();
  const writer = writerOf(out, request, texts);
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

function writerOf(
  out: Outbox,
  { encoding, meta, read }: LoadRequest,
  texts: MetaTexts,
): TupleWriter | LineWriter | CsvLineWriter {
  const csv = read.form === "bytes" ? read.file?.csv : undefined;
  if (csv !== undefined) return new CsvLineWriter(out, texts, csv);
  return new (encoding.format === "pg-binary" ? TupleWriter : LineWriter)(out, meta, encoding.columns.length);
}

async function finish(copy: CopyIn, out: Outbox): Promise<number> {
  await copy.send(out.take(true));
  return copy.finish();
}
