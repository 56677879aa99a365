import type { JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { DeclaredEndpoint } from "./declared.ts";
import type { Endpoint, Kind } from "./endpoint.ts";
import { manifestCommand } from "./manifest.ts";
import { waysOf } from "./schema.ts";
import type { Finding } from "./validate.ts";

/** What an entry names, as the endpoint that runs it. */
export function runsOf({ command, env, manifest, trusted }: DeclaredEndpoint): Partial<Endpoint> {
  if (command !== undefined) return { command: { argv: command, env: env ?? [] } };
  if (manifest === undefined) return {};
  return trusted === true ? { trustedManifest: manifest } : { command: manifestCommand(manifest) };
}

/** Keys that belong to one way of naming what runs. */
const BELONGS: Readonly<Record<string, string>> = { env: "command", trusted: "manifest" };

/** Each entry names what runs, in exactly one way. */
export function oneWay(value: JsonValue): readonly Finding[] {
  return (["source", "destination"] as const).flatMap((kind) => {
    const section = `${kind}s`;
    const entries = isObject(value) ? value[section] : undefined;
    return Object.entries(isObject(entries) ? entries : {}).flatMap(([name, entry]): readonly Finding[] => {
      if (!isObject(entry)) return [];
      const path = [section, name];
      const [way, other] = waysOf(kind).filter((key) => entry[key] !== undefined);
      if (way === undefined) return [noWay(path, kind)];
      const stray = Object.keys(BELONGS).find((key) => entry[key] !== undefined && BELONGS[key] !== way);
      const extra = other ?? stray;
      if (extra === undefined) return [];
      return [
        {
          path: [...path, extra],
          at: "key",
          code: "config.keys_exclude",
          message: `${section}.${name} has "${way}" and "${extra}".`,
          next:
            other === undefined
              ? `Leave one of them out: "${extra}" belongs to "${BELONGS[extra]}".`
              : "Leave one of them out.",
        },
      ];
    });
  });
}

function noWay(path: readonly string[], kind: Kind): Finding {
  const manifest = kind === "source" ? ', or "manifest:" with the path of an Airbyte manifest' : "";
  return {
    path,
    at: "key",
    code: "config.key_missing",
    message: `${path.join(".")} has no "connector".`,
    next: `Add "connector:" with one of "weir connector list", or "command:" with an executable that speaks the Airbyte protocol${manifest}.`,
  };
}
