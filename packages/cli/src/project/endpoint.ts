import type { JsonObject } from "@weir/protocol";
import type { YamlDocument } from "./document.ts";

export type Kind = "source" | "destination";

/** Where in a project file something stands. */
export interface Declared {
  readonly document: YamlDocument;
  readonly path: readonly string[];
}

/** A source or destination as someone declared it, its references not yet resolved. */
export interface Endpoint {
  readonly kind: Kind;
  /** Its name in the project file, or the connector's id when it was given by options. */
  readonly name: string;
  /** The connector's id; of a command its name in the project file. */
  readonly connector: string;
  /**
   * An executable in place of a connector of Weir's own, and the variables it gets of the environment. A manifest is one
   * too, unless it is trusted.
   */
  readonly command?: { readonly argv: readonly string[]; readonly env: readonly string[] } | undefined;
  /** The path of a manifest that runs in this process; one that does not is a command. */
  readonly trustedManifest?: string | undefined;
  readonly config: JsonObject;
  /** Where it stands; nothing when it was given by options. */
  readonly declared?: Declared | undefined;
}
