import { projectSchema } from "@weir/cli/project-schema";
import { stringifyJson } from "@weir/protocol";
import type { FoundConnector } from "./connectors.ts";
import { formatted } from "./format.ts";

/** The schema of weir.yaml for editors, connectors' settings included. */
export async function renderSchema(connectors: readonly FoundConnector[]): Promise<string> {
  const schema = projectSchema(connectors.map(({ connector }) => connector));
  return formatted("weir.schema.json", stringifyJson(schema));
}
