import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- results of npm run bench -- --write -->";
const END = "<!-- end of results -->";

const FILE = new URL("../../../docs/benchmarks.md", import.meta.url);

export function writeResults(results: string): void {
  writeFileSync(FILE, replaceResults(readFileSync(FILE, "utf8"), results));
}

/** Puts the results between the document's markers. */
export function replaceResults(document: string, results: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/benchmarks.md lacks the lines ${BEGIN} and ${END}`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${results.trim()}\n\n${document.slice(end)}`;
}
