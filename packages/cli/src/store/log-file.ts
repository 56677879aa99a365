import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Clock, JsonObject, Log } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import type { Secrets } from "../output/secrets.ts";

export interface LogFile {
  readonly log: Log;
  /** A line that is no log message: an event of the sync, its result. */
  write(kind: string, value: JsonObject): void;
  close(): Promise<void>;
}

/** A log of JSON lines without secrets. A disk that cannot take it does not stop the sync: `onFailure` hears of it once. */
export function openLogFile(
  path: string,
  around: { readonly clock: Clock; readonly secrets: Secrets; onFailure(error: Error): void },
): LogFile {
  const stream = createWriteStream(path, { flags: "a", mode: 0o600 });
  stream.on("error", (error) => around.onFailure(error));
  const write = (line: JsonObject): void => {
    if (!stream.writable) return;
    const at = new Date(around.clock.now()).toISOString();
    stream.write(`${around.secrets.maskForeign(stringifyJson({ ...line, at }))}\n`);
  };
  return {
    log: (level, message, fields) => write({ level, message, ...(fields as JsonObject | undefined) }),
    write: (kind, value) => write({ kind, ...value }),
    close: async () => {
      stream.end();
      await finished(stream).catch(() => undefined);
    },
  };
}
