import type { CommandContext } from "../command.ts";
import type { ConfiguredSource } from "./configure.ts";
import { configureSource } from "./configure.ts";
import type { EndpointOptions } from "./flags.ts";
import { endpointOf } from "./flags.ts";
import { readProject } from "./read.ts";
import { suggestion } from "./suggest.ts";
import { usageError } from "./usage.ts";
import { surroundingsOf } from "./surroundings.ts";

/** The one source a command works on: of the options, of the project by name, or the only one there is. */
export async function chosenSource(
  context: CommandContext,
  name: string | undefined,
  options: EndpointOptions,
): Promise<ConfiguredSource> {
  const given = await endpointOf("source", options);
  if (given !== undefined) {
    const source = await configureSource(
      given,
      surroundingsOf(context, { env: context.io.env, folder: context.cwd }),
    );
    return warned(context, source);
  }
  const project = await readProject(context);
  const names = project.sources.map((source) => source.name);
  const [only, second] = project.sources;
  const endpoint =
    name === undefined && second === undefined ? only : project.sources.find((each) => each.name === name);
  if (endpoint === undefined) {
    throw usageError(
      name === undefined
        ? `${project.document.file} declares ${names.length} sources.`
        : `There is no source "${name}" in ${project.document.file}.`,
      name === undefined && names.length > 0
        ? `Name one of them: ${names.join(", ")}.`
        : suggestion(name ?? "", names, "sources"),
      "usage.source_unknown",
    );
  }
  return warned(context, await configureSource(endpoint, surroundingsOf(context, project)));
}

function warned(context: CommandContext, source: ConfiguredSource): ConfiguredSource {
  for (const warning of source.warnings) context.note(`warning: ${warning}`);
  return source;
}
