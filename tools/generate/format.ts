import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { format, type FormatOptions } from "oxfmt";

const root = dirname(dirname(import.meta.dirname));
const options = JSON.parse(readFileSync(join(root, ".oxfmtrc.json"), "utf8")) as FormatOptions;

/** The text as the formatting gate wants it. */
export async function formatted(path: string, text: string): Promise<string> {
  const { code, errors } = await format(path, text, options);
  if (errors.length > 0) throw new Error(`${path}: ${errors.map((error) => error.message).join("; ")}`);
  return code;
}
