import { styleText } from "node:util";
import type { TextStream } from "../io.ts";

type Shade = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export type Style = (shade: Shade, text: string) => string;

/** Colours only on a terminal, and never with NO_COLOR (https://no-color.org) or a dumb one. */
export function styleFor(stream: TextStream, env: Readonly<Record<string, string | undefined>>): Style {
  const plain = stream.isTTY !== true || Boolean(env["NO_COLOR"]) || env["TERM"] === "dumb";
  return plain ? (_shade, text) => text : (shade, text) => styleText(shade, text, { validateStream: false });
}
