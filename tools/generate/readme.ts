import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsOf } from "@weir/cli/settings";
import type { FoundConnector } from "./connectors.ts";
import { formatted } from "./format.ts";

interface Rendered {
  readonly path: string;
  readonly text: string;
}

/** Each connector's README with its settings between markers; the section is added where it is missing. */
export async function renderReadmes(
  root: string,
  connectors: readonly FoundConnector[],
): Promise<{ readonly readmes: readonly Rendered[]; readonly missing: readonly string[] }> {
  const readmes: Rendered[] = [];
  const missing: string[] = [];
  for (const [folder, found] of Map.groupBy(connectors, (each) => each.folder)) {
    const path = `packages/connectors/src/${folder}/README.md`;
    if (!existsSync(join(root, path))) {
      missing.push(path);
      continue;
    }
    const text = found.reduce(withSettings, readFileSync(join(root, path), "utf8"));
    readmes.push({ path, text: await formatted(path, text) });
  }
  return { readmes, missing };
}

function withSettings(text: string, { kind, connector }: FoundConnector): string {
  const start = `<!-- settings of the ${kind}: generated -->`;
  const end = `<!-- end of the ${kind}'s settings -->`;
  const block = `${start}\n\n${settingsTable(connector.spec.connectionSpecification)}\n\n${end}`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from >= 0 && to > from) return text.slice(0, from) + block + text.slice(to + end.length);
  return `${text.trimEnd()}\n\n## Settings of the ${kind}\n\n${block}\n`;
}

function settingsTable(schema: FoundConnector["connector"]["spec"]["connectionSpecification"]): string {
  const rows = settingsOf(schema).map(({ name, type, about, required, secret, fallback, examples }) => {
    const notes = [
      about,
      ...(secret ? ["Secret."] : []),
      ...(examples.length > 0 ? [`For example ${examples.map(code).join(", ")}.`] : []),
    ];
    const standard = required ? "required" : fallback === undefined ? "" : code(fallback);
    return `| \`${name}\` | ${cell(type)} | ${standard} | ${cell(notes.join(" "))} |`;
  });
  if (rows.length === 0) return "It has no settings.";
  return ["| Setting | Type | Default | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

function cell(text: string): string {
  return text.replaceAll("\n", " ").replaceAll("|", "\\|");
}
