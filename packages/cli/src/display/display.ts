import type { CommandContext } from "../command.ts";
import { styleFor } from "../output/style.ts";
import { LiveDisplay } from "./live.ts";
import { PlainDisplay } from "./plain.ts";
import type { Display } from "./progress.ts";

/** Bars on a terminal, lines elsewhere and beside a log, nothing with `--json`. */
export function displayFor(context: CommandContext): Display {
  const { io, json, verbose } = context;
  if (json) return { apply: () => undefined, stop: () => undefined };
  const dumb = io.env["TERM"] === "dumb" || Boolean(io.env["CI"]);
  if (io.stderr.isTTY !== true || dumb || verbose)
    return new PlainDisplay((line) => context.note(line), io.clock);
  const mask = (text: string): string => context.secrets.maskOwn(text);
  return new LiveDisplay({ stream: io.stderr, clock: io.clock, style: styleFor(io.stderr, io.env), mask });
}
