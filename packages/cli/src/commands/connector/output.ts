import { once } from "node:events";
import type { Writable } from "node:stream";
import { errorLine } from "@weir/kit/executable";
import type { Clock } from "@weir/protocol";
import { failureOf } from "@weir/protocol";

/** Returns when the output takes more. */
export async function write(output: Writable, text: string): Promise<void> {
  if (!output.write(text)) await once(output, "drain");
}

export function failureLine(error: unknown, clock: Clock): string {
  return `${errorLine(failureOf(error, "config"), clock.now())}\n`;
}
