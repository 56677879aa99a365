import { WeirError } from "@weir/protocol";
import type { FileSourceConfig } from "./config.ts";

/** What the schema of the configuration cannot say. */
export function checkConfig({ streams }: FileSourceConfig): void {
  const names = new Set<string>();
  for (const [index, { name, csv }] of streams.entries()) {
    const path = `streams.${index}`;
    if (names.has(name)) throw wrong(`${path}.name`, `Two streams are called "${name}".`);
    names.add(name);
    const { delimiter, quote } = csv;
    const isOne =
      delimiter === "auto" || delimiter === "\\t" || (delimiter.length === 1 && !/[\r\n]/.test(delimiter));
    if (!isOne) throw wrong(`${path}.csv.delimiter`, "The delimiter is one character and no line end.");
    if (/[\r\n]/.test(quote)) throw wrong(`${path}.csv.quote`, "The quote is no line end.");
    if (delimiter === quote) throw wrong(`${path}.csv.quote`, "Delimiter and quote are the same.");
  }
}

function wrong(path: string, message: string): WeirError {
  return new WeirError({
    code: "config.file_options",
    message,
    next: `Correct ${path} of the source.`,
    recovery: "ask",
    origin: "config",
    path,
  });
}
